"""Training data: its format, importers of public sets, checks and splits."""
