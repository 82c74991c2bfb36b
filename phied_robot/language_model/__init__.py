"""Loading, adapters, generation and scoring."""
