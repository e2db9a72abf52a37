"""Nightshift's own store in PostgreSQL with pgvector: one module per port, over one pool of connections."""
