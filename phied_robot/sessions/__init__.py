"""The store of turns."""
