"""Training: the demo model and its data."""
