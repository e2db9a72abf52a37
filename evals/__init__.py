"""Measurements of the whole: from outside, on real servers or public data. The product never imports it."""
