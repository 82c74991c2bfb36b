"""Triton kernels for the tokens of a prompt: rotary positions, and attention to what the cache holds."""

import triton
import triton.language as tl

from phied_robot.language_model.gpu.kernels.nf4 import BLOCK, unpack
from phied_robot.language_model.gpu.kernels.request import POSITION, SLOT
from phied_robot.language_model.gpu.kernels.rotary import rotate


@triton.jit
def unpack_weights(packed, scales, code, weights, BLOCKS: tl.constexpr, ON_NVIDIA: tl.constexpr):
    """Write the weights of all blocks out; a program takes BLOCKS of them, which divides their number."""
    block = tl.program_id(0) * BLOCKS + tl.arange(0, BLOCKS)
    byte = tl.arange(0, BLOCK // 2)
    pairs = tl.load(packed + block[:, None] * (BLOCK // 2) + byte[None, :])
    scale = tl.load(scales + block)[:, None]
    even, odd = unpack(pairs, code, ON_NVIDIA)
    both = tl.reshape(tl.join(even * scale, odd * scale), (BLOCKS, BLOCK))
    place = block[:, None] * BLOCK + tl.arange(0, BLOCK)[None, :]
    tl.store(weights + place, both.to(weights.dtype.element_ty))


@triton.jit
def rotate_and_store(
    qkv, keys, values, cosine, sine, request, LENGTH, HEADS, HEADS_OF_KEYS, SIZE,
    HALF: tl.constexpr,
):  # fmt: skip
    """Rotate queries in place, and keys into the cache, with their values; the grid is (tokens, heads of both)."""
    token, head = tl.program_id(0), tl.program_id(1)
    position = tl.load(request + POSITION) + token
    half = SIZE // 2
    d = tl.arange(0, HALF)
    inside = d < tl.where(position < LENGTH, half, 0)
    cos = tl.load(cosine + position * half + d, mask=inside, other=0.0).to(tl.float32)
    sin = tl.load(sine + position * half + d, mask=inside, other=0.0).to(tl.float32)
    vector = qkv + token * (HEADS + 2 * HEADS_OF_KEYS) * SIZE + head * SIZE
    one, other = rotate(vector, d, inside, half, cos, sin)
    if head < HEADS:
        tl.store(vector + d, one, mask=inside)
        tl.store(vector + half + d, other, mask=inside)
    else:
        slot = tl.load(request + SLOT)
        place = ((slot * HEADS_OF_KEYS + head - HEADS).to(tl.int64) * LENGTH + position) * SIZE
        tl.store(keys + place + d, one, mask=inside)
        tl.store(keys + place + half + d, other, mask=inside)
        value = vector + HEADS_OF_KEYS * SIZE
        tl.store(values + place + d, tl.load(value + d, mask=inside, other=0.0), mask=inside)
        tl.store(values + place + half + d, tl.load(value + half + d, mask=inside, other=0.0), mask=inside)


@triton.jit
def attend_causally(
    qkv, keys, values, request, out, COUNT, LENGTH, WINDOW, HEADS, GROUP, SIZE, scale,
    PADDED: tl.constexpr, QUERIES: tl.constexpr, TOKENS: tl.constexpr,
):  # fmt: skip
    """Attention of COUNT tokens to all that stand before them; the grid is (COUNT / QUERIES, heads).

    The blockwise softmax is FlashAttention's (Dao et al. 2022).
    """
    head = tl.program_id(1)
    heads_of_keys = HEADS // GROUP
    start = (tl.load(request + SLOT) * heads_of_keys + head // GROUP).to(tl.int64) * LENGTH * SIZE
    token = tl.program_id(0) * QUERIES + tl.arange(0, QUERIES)
    position = tl.load(request + POSITION) + token
    d = tl.arange(0, PADDED)
    inside = d < SIZE
    there = (token < COUNT)[:, None] & inside[None, :]
    width = (HEADS + 2 * heads_of_keys) * SIZE
    q = tl.load(qkv + token[:, None] * width + head * SIZE + d[None, :], mask=there, other=0.0)
    top = tl.full((QUERIES,), float("-inf"), tl.float32)
    total = tl.zeros((QUERIES,), tl.float32)
    mean = tl.zeros((QUERIES, PADDED), tl.float32)
    first = tl.load(request + POSITION) + tl.program_id(0) * QUERIES
    begin = tl.maximum(first - WINDOW + 1, 0) // TOKENS * TOKENS
    end = tl.minimum(first + QUERIES, LENGTH)
    for before in range(begin, end, TOKENS):
        t = before + tl.arange(0, TOKENS)
        place = t[:, None] * SIZE + d[None, :]
        mask = (t < end)[:, None] & inside[None, :]
        k = tl.load(keys + start + place, mask=mask, other=0.0)
        score = tl.dot(q, tl.trans(k)) * scale
        seen = (t[None, :] <= position[:, None]) & (t[None, :] > position[:, None] - WINDOW)
        score = tl.where(seen, score, float("-inf"))
        higher = tl.maximum(top, tl.max(score, axis=1))
        higher_or_zero = tl.where(higher == float("-inf"), 0.0, higher)
        shrink = tl.exp2(top - higher_or_zero)
        weight = tl.exp2(score - higher_or_zero[:, None])
        total = total * shrink + tl.sum(weight, axis=1)
        v = tl.load(values + start + place, mask=mask, other=0.0)
        mean = mean * shrink[:, None] + tl.dot(weight.to(v.dtype), v)
        top = higher
    mean = mean / tl.where(total > 0, total, 1.0)[:, None]
    tl.store(out + token[:, None] * HEADS * SIZE + head * SIZE + d[None, :], mean.to(out.dtype.element_ty), mask=there)
