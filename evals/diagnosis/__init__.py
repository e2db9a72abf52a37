"""How often the cause that the product names is right, on public data with known causes."""
