"""Measured comparisons, each against a named baseline or threshold in the same run."""
