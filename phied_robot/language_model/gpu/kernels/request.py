"""Where a request keeps what changes from one replay of a graph to the next: places in a tensor on the GPU."""

import triton.language as tl

SLOT = tl.constexpr(0)
"""Of the cache."""
ADAPTER = tl.constexpr(1)
"""By its place among those that are resident; -1 is the plain base."""
POSITION = tl.constexpr(2)
"""Of the first token."""
LAST = tl.constexpr(3)
"""The row of a prompt that is its last; those behind it are padding."""
