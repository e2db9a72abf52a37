"""`nightshift up`: the product with its own servers, on one machine, with data kept."""
