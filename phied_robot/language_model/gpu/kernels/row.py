"""Triton kernels of a decoding step: one token, read by one row of every matrix.

Between kernels a row of length K has its even places before its odd ones, as NF4 stores a pair of weights in one byte.
"""

import triton
import triton.language as tl

from phied_robot.language_model.gpu.kernels.nf4 import BLOCK, unpack
from phied_robot.language_model.gpu.kernels.request import ADAPTER, POSITION, SLOT
from phied_robot.language_model.gpu.kernels.rotary import rotate

CHUNK = tl.constexpr(8)
"""Bytes that a thread reads at once."""


@triton.jit
def normalize(
    hidden, weight, epsilon, lora_a, request, row, low, K,
    PADDED: tl.constexpr, RANK: tl.constexpr,
):  # fmt: skip
    """row = RMSNorm(hidden), rounded where transformers rounds; low[r] = A[r] row. One program for each r."""
    k = tl.arange(0, PADDED)
    inside = k < K
    value = tl.load(hidden + k, mask=inside, other=0.0).to(tl.float32)
    value = value / tl.sqrt(tl.sum(value * value) / K + epsilon)
    value = value.to(row.dtype.element_ty).to(tl.float32) * tl.load(weight + k, mask=inside, other=0.0).to(tl.float32)
    value = value.to(row.dtype.element_ty)
    if tl.program_id(0) == 0:
        tl.store(row + _place(k, K), value, mask=inside)
    _project(value, k, lora_a, request, low, K, RANK)


@triton.jit
def project(row, lora_a, request, low, K, PADDED: tl.constexpr, RANK: tl.constexpr):
    """low[r] = A[r] row. One program for each r."""
    k = tl.arange(0, PADDED)
    inside = k < K
    value = tl.load(row + _place(k, K), mask=inside, other=0.0)
    _project(value, k, lora_a, request, low, K, RANK)


@triton.jit
def combine(
    partial, weights, lora_a, request, row, low, K, SIZE,
    PADDED: tl.constexpr, RANK: tl.constexpr, SPLITS: tl.constexpr,
):  # fmt: skip
    """row = the attention that `attend` left in parts; low[r] = A[r] row. One program for each r."""
    k = tl.arange(0, PADDED)
    inside = k < K
    head = k // SIZE
    top = tl.full((PADDED,), float("-inf"), tl.float32)
    for split in tl.static_range(SPLITS):
        top = tl.maximum(top, tl.load(weights + head * SPLITS + split, mask=inside, other=0.0))
    total = tl.zeros((PADDED,), tl.float32)
    value = tl.zeros((PADDED,), tl.float32)
    for split in tl.static_range(SPLITS):
        share = tl.exp2(tl.load(weights + head * SPLITS + split, mask=inside, other=0.0) - top)
        part = tl.load(partial + (head * SPLITS + split) * SIZE + k % SIZE, mask=inside, other=0.0)
        total += share
        value += share * part
    value = (value / total).to(row.dtype.element_ty)
    if tl.program_id(0) == 0:
        tl.store(row + _place(k, K), value, mask=inside)
    _project(value, k, lora_a, request, low, K, RANK)


@triton.jit
def multiply(
    row, packed, scales, code, lora_b, low, request, residual, y, WIDTH,
    K: tl.constexpr, ROWS: tl.constexpr, CHUNKS: tl.constexpr, RANK: tl.constexpr, ON_NVIDIA: tl.constexpr,
    RESIDUAL: tl.constexpr,
):  # fmt: skip
    """y = W row + B low, with the residual added where there is one."""
    n = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    value = _product(row, packed, scales, code, lora_b, low, request, n, WIDTH, K, ROWS, CHUNKS, RANK, ON_NVIDIA)
    if RESIDUAL:
        value = value.to(y.dtype.element_ty).to(tl.float32) + tl.load(residual + n).to(tl.float32)
    tl.store(y + n, value.to(y.dtype.element_ty))


@triton.jit
def multiply_gated(
    row, packed, scales, code, lora_b, low, request, y, N, WIDTH,
    K: tl.constexpr, ROWS: tl.constexpr, CHUNKS: tl.constexpr, RANK: tl.constexpr, ON_NVIDIA: tl.constexpr,
):  # fmt: skip
    """y = up * silu(gate) of the two halves of W row + B low; y has N places, W twice as many rows."""
    n = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    gate = _product(row, packed, scales, code, lora_b, low, request, n, WIDTH, K, ROWS, CHUNKS, RANK, ON_NVIDIA)
    up = _product(row, packed, scales, code, lora_b, low, request, n + N, WIDTH, K, ROWS, CHUNKS, RANK, ON_NVIDIA)
    gate = gate.to(y.dtype.element_ty).to(tl.float32)
    silu = (gate / (1 + tl.exp(-gate))).to(y.dtype.element_ty).to(tl.float32)
    value = up.to(y.dtype.element_ty).to(tl.float32) * silu
    tl.store(y + _place(n, N), value.to(y.dtype.element_ty))


@triton.jit
def attend(
    qkv, keys, values, cosine, sine, request, partial, weights, LENGTH, WINDOW, HEADS, GROUP, SIZE, scale,
    HALF: tl.constexpr, TOKENS: tl.constexpr, SPLITS: tl.constexpr,
):  # fmt: skip
    """One head's attention of the new token to a share of the tokens before; its key and value are stored.

    The grid is (heads, SPLITS). `partial` holds each share's mean of values, `weights` its log2 of summed weights.
    """
    head, split = tl.program_id(0), tl.program_id(1)
    position = tl.load(request + POSITION)
    heads_of_keys = HEADS // GROUP
    start = (tl.load(request + SLOT) * heads_of_keys + head // GROUP).to(tl.int64) * LENGTH * SIZE
    half = SIZE // 2
    d = tl.arange(0, HALF)
    inside = d < half
    angle = tl.minimum(position, LENGTH - 1) * half + d  # a full cache is followed by one step that nobody asks for
    cos = tl.load(cosine + angle, mask=inside, other=0.0).to(tl.float32)
    sin = tl.load(sine + angle, mask=inside, other=0.0).to(tl.float32)
    q1, q2 = rotate(qkv + head * SIZE, d, inside, half, cos, sin)
    q1, q2 = q1.to(tl.float32), q2.to(tl.float32)

    share = (position + SPLITS - 1) // SPLITS
    first = split * share
    last = tl.minimum(first + share, position)
    key = qkv + (HEADS + head // GROUP) * SIZE
    k1, k2 = rotate(key, d, inside, half, cos, sin)
    v1 = tl.load(key + heads_of_keys * SIZE + d, mask=inside, other=0.0)
    v2 = tl.load(key + heads_of_keys * SIZE + half + d, mask=inside, other=0.0)
    room = d < tl.where(split == 0, tl.where(position < LENGTH, half, 0), 0)
    new = start + position * SIZE
    tl.store(keys + new + d, k1, mask=room)
    tl.store(keys + new + half + d, k2, mask=room)
    tl.store(values + new + d, v1, mask=room)
    tl.store(values + new + half + d, v2, mask=room)
    own = tl.sum(k1.to(tl.float32) * q1 + k2.to(tl.float32) * q2) * scale
    top = tl.where(split == 0, own, float("-inf"))
    total = tl.where(split == 0, 1.0, 0.0)
    mean1 = tl.where(split == 0, v1.to(tl.float32), 0.0)
    mean2 = tl.where(split == 0, v2.to(tl.float32), 0.0)
    for begin in range(first, last, TOKENS):
        t = begin + tl.arange(0, TOKENS)
        seen = (t < last) & (t > position - WINDOW)
        place = t[:, None] * SIZE + d[None, :]
        mask = seen[:, None] & inside[None, :]
        key1 = tl.load(keys + start + place, mask=mask, other=0.0).to(tl.float32)
        key2 = tl.load(keys + start + place + half, mask=mask, other=0.0).to(tl.float32)
        score = tl.sum(key1 * q1[None, :] + key2 * q2[None, :], axis=1) * scale
        score = tl.where(seen, score, float("-inf"))
        higher = tl.maximum(top, tl.max(score))
        higher_or_zero = tl.where(higher == float("-inf"), 0.0, higher)
        shrink = tl.exp2(top - higher_or_zero)
        weight = tl.exp2(score - higher_or_zero)
        value1 = tl.load(values + start + place, mask=mask, other=0.0).to(tl.float32)
        value2 = tl.load(values + start + place + half, mask=mask, other=0.0).to(tl.float32)
        total = total * shrink + tl.sum(weight)
        mean1 = mean1 * shrink + tl.sum(weight[:, None] * value1, axis=0)
        mean2 = mean2 * shrink + tl.sum(weight[:, None] * value2, axis=0)
        top = higher
    some = tl.where(total > 0, total, 1.0)
    out = partial + (head * SPLITS + split) * SIZE
    tl.store(out + d, mean1 / some, mask=inside)
    tl.store(out + half + d, mean2 / some, mask=inside)
    tl.store(weights + head * SPLITS + split, tl.where(total > 0, top + tl.log2(some), float("-inf")))


@triton.jit
def _place(k, K):
    """Where place k of a row stands: the even ones before the odd ones."""
    return (k % 2) * (K // 2) + k // 2


@triton.jit
def _project(value, k, lora_a, request, low, K, RANK: tl.constexpr):
    r = tl.program_id(0)
    adapter = tl.load(request + ADAPTER)
    a = tl.load(lora_a + (adapter * RANK + r) * K + k, mask=k < tl.where(adapter >= 0, K, 0), other=0.0)
    tl.store(low + r, tl.sum(a.to(tl.float32) * value.to(tl.float32)))


@triton.jit
def _product(
    row, packed, scales, code, lora_b, low, request, n, WIDTH,
    K: tl.constexpr, ROWS: tl.constexpr, CHUNKS: tl.constexpr, RANK: tl.constexpr, ON_NVIDIA: tl.constexpr,
):  # fmt: skip
    """Places n of W row + B low, in float32.

    A thread has chunks of 8 bytes in hand, of ROWS rows of W that share what it read of `row`: places that it reads at
    once too. The order of the axes lets the threads of a warp read neighbouring chunks.
    """
    half: tl.constexpr = K // 2
    total = tl.zeros((CHUNKS, ROWS), tl.float32)
    for first in tl.static_range(0, half // CHUNK, CHUNKS):
        chunk = first + tl.arange(0, CHUNKS)
        there = ((chunk < half // CHUNK) | (half // CHUNK % CHUNKS == 0))[:, None]
        place = chunk[:, None] * CHUNK + tl.arange(0, CHUNK)[None, :]
        pairs = tl.load(packed + n[None, :, None] * half + place[:, None, :], mask=there[:, :, None], other=0)
        even = tl.load(row + place, mask=there, other=0.0).to(tl.float32)
        odd = tl.load(row + half + place, mask=there, other=0.0).to(tl.float32)
        at_even, at_odd = unpack(pairs, code, ON_NVIDIA)
        products = at_even * even[:, None, :] + at_odd * odd[:, None, :]
        of_block = n[None, :] * (K // BLOCK) + chunk[:, None] * CHUNK * 2 // BLOCK
        scale = tl.load(scales + of_block, mask=there, other=0.0)
        total += tl.sum(products, axis=2) * scale
    r = tl.arange(0, RANK)
    adapter = tl.load(request + ADAPTER)
    rank = tl.where(adapter >= 0, RANK, 0)
    b = tl.load(lora_b + n[:, None] * WIDTH + adapter * RANK + r[None, :], mask=r[None, :] < rank, other=0.0)
    return tl.sum(total, axis=0) + tl.sum(b.to(tl.float32) * tl.load(low + r)[None, :], axis=1)
