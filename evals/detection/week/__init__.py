"""A service as it would be measured over weeks, with faults of five kinds in the last one: who sees them, and when."""
