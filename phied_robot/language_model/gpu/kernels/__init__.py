"""Kernels in Triton: of one token of an answer, of the tokens of a prompt, and what both need."""
