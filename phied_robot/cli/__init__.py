"""The command `phied`."""
