"""Unpacking NF4: two weights of four bits a byte, the even one in the upper half, as bitsandbytes stores them."""

import struct

import triton
import triton.language as tl

NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
"""What the sixteen codes stand for, of a block's largest weight (Dettmers et al. 2023, QLoRA, appendix E)."""


BLOCK = tl.constexpr(64)
"""Weights that share a scale."""


def _assembly() -> str:
    """Eight codes in a register become eight float16 in four: even places in the first two, odd ones in the others.

    A byte permutation looks up four bytes of eight by three bits of each code; so each half of the table gives its
    bytes, and the fourth bit chooses between them. With lookups in memory the products took twice as long (H200).
    """
    numbers = struct.pack("<16e", *NF4)
    table = {
        part: [int.from_bytes(numbers[8 * quarter + part : 8 * quarter + 8 : 2], "little") for quarter in range(4)]
        for part in (0, 1)
    }
    lines = [".reg .b32 codes, upper, here, chosen, a, b, low, high;"]
    lines += ["and.b32 codes, $4, 0x77777777;", "shl.b32 upper, $4, 4;"]
    for half, signs in ((0, 0xD9C8), (1, 0xFBEA)):
        lines += [f"shr.b32 here, codes, {16 * half};", f"prmt.b32 chosen, upper, $4, {signs:#x};"]
        for name, part in (("low", 0), ("high", 1)):
            one, two, three, four = table[part]
            lines += [f"mov.b32 a, {one:#x};", f"prmt.b32 a, a, {two:#x}, here;"]
            lines += [f"mov.b32 b, {three:#x};", f"prmt.b32 b, b, {four:#x}, here;"]
            lines += [f"lop3.b32 {name}, chosen, b, a, 0xCA;"]
        lines += [f"prmt.b32 ${half}, low, high, 0x7351;", f"prmt.b32 ${2 + half}, low, high, 0x6240;"]
    return "{" + " ".join(lines) + "}"


ASSEMBLY = tl.constexpr(_assembly())


@triton.jit
def unpack(pairs, code, ON_NVIDIA: tl.constexpr):
    """The weights at even and at odd places, in float32, for bytes of any shape; `code` holds NF4's numbers."""
    if ON_NVIDIA:
        even, odd = tl.inline_asm_elementwise(
            ASSEMBLY, "=r,=r,=r,=r,r", [pairs], dtype=(tl.float16, tl.float16), is_pure=True, pack=4
        )
        return even.to(tl.float32), odd.to(tl.float32)
    else:
        return tl.load(code + (pairs >> 4)), tl.load(code + (pairs & 15))
