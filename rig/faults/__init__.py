"""Faults that can be brought on the shop, each real: nothing pretends to be broken."""
