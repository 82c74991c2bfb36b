"""Rotary positions, for a token of an answer and for those of a prompt."""

import triton
import triton.language as tl


@triton.jit
def rotate(vector, d, inside, half, cos, sin):
    """The two halves of a vector in its rotary position, rounded where transformers rounds."""
    dtype = vector.dtype.element_ty
    x1 = tl.load(vector + d, mask=inside, other=0.0).to(tl.float32)
    x2 = tl.load(vector + half + d, mask=inside, other=0.0).to(tl.float32)
    one = (x1 * cos).to(dtype).to(tl.float32) - (x2 * sin).to(dtype).to(tl.float32)
    other = (x2 * cos).to(dtype).to(tl.float32) + (x1 * sin).to(dtype).to(tl.float32)
    return one.to(dtype), other.to(dtype)
