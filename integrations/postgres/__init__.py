"""PostgreSQL servers under care: looking at their sessions, and ending idle ones."""
