"""What detection costs: checks against Prophet's own predict, cycles over many series, and training."""
