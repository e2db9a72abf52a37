"""One module per sender: each authenticates, validates, and translates into anomalies."""
