"""Measuring how fast the product is: ratios to a baseline of the same run, as machines differ and are noisy."""
