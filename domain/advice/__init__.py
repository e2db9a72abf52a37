"""A language model as an adviser: what it may be asked, what its word may change, and what it may cost."""
