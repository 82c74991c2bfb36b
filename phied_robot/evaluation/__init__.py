"""Measures of a tutor's model, and the reports that show them."""
