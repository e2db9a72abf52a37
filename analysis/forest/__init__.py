"""The forest: which moments of a service's metrics are unusual together, though each may be usual by itself."""
