"""The shop: a small real system under care. Three HTTP services and a database of their own."""
