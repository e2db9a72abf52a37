"""Synthetic history of the shop for Prometheus: what it would have measured had the shop run for days."""
