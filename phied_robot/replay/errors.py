"""What can be wrong with a bag."""


class BagError(OSError):
    """A bag cannot be written or read; the text says in one sentence which, why and what to do."""
