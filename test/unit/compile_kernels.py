"""Compiles every kernel for GPUs of the compute capabilities given, which needs no GPU: `compile_kernels.py 80 90`."""

import sys
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from phied_robot.language_model.gpu import layers, phi3
from phied_robot.language_model.gpu.kernels import prompt, row

POINTERS = {"request": "*i32", "packed": "*u8", "scales": "*fp32", "code": "*fp32", "low": "*fp32", "partial": "*fp32"}
FLOATS = {"epsilon", "scale"}
PRODUCT = {"K": 3_072, "ROWS": layers.ROWS, "CHUNKS": layers.CHUNKS, "RANK": 16, "ON_NVIDIA": True}
KERNELS: list[tuple[Any, int, dict[str, Any]]] = [  # each with its warps and constants for Phi-3-mini
    (row.normalize, phi3.WARPS, {"PADDED": 4_096, "RANK": 16}),
    (row.project, phi3.WARPS, {"PADDED": 8_192, "RANK": 16}),
    (row.combine, phi3.WARPS, {"PADDED": 4_096, "RANK": 16, "SPLITS": phi3.SPLITS}),
    (row.multiply, layers.WARPS, {**PRODUCT, "RESIDUAL": True}),
    (row.multiply_gated, layers.WARPS, PRODUCT),
    (row.attend, 4, {"HALF": 64, "TOKENS": phi3.TOKENS, "SPLITS": phi3.SPLITS}),
    (prompt.unpack_weights, 4, {"BLOCKS": layers.MOST_BLOCKS, "ON_NVIDIA": True}),
    (prompt.rotate_and_store, 1, {"HALF": 64}),
    (prompt.attend_causally, 4, {"PADDED": 128, "QUERIES": phi3.QUERIES, "TOKENS": 64}),
]


def kind(kernel: Any, name: str) -> str:
    """The type of an argument: numbers are in capitals, and all other pointers are to bfloat16."""
    if name in FLOATS:
        return "fp32"
    if name == "weights" and kernel in (row.attend, row.combine):
        return "*fp32"
    return "i32" if name.isupper() else POINTERS.get(name, "*bf16")


for capability in map(int, sys.argv[1:]):
    for kernel, warps, constants in KERNELS:
        signature = {name: "constexpr" if name in constants else kind(kernel, name) for name in kernel.arg_names}
        source = ASTSource(kernel, signature, constants)
        made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps})
        print(capability, kernel.__name__, len(made.asm["ptx"]))
