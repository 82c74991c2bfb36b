"""A 4-bit linear layer with the branches of all adapters, for one row and for many."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from bitsandbytes.functional import dequantize_blockwise
from torch import Tensor
from torch.nn import functional

from phied_robot.language_model.gpu.kernels import prompt as prompt_kernels
from phied_robot.language_model.gpu.kernels import row as row_kernels
from phied_robot.language_model.gpu.kernels.nf4 import BLOCK
from phied_robot.language_model.linear import AdaptedLinear

ON_NVIDIA = torch.version.cuda is not None
MOST_BLOCKS = 64
"""Of 64 weights, that a program of `unpack_weights` takes at most."""
ROWS, CHUNKS, WARPS = 2, 64, 1
"""Outputs and chunks of 16 weights that a program of `multiply` has in hand at once, and its warps (by trial, H200)."""


@dataclass
class Request:
    """What changes from one replay of a graph to the next, in device memory.

    Args:
        numbers: int32, (4,): what `kernels.request` names.
        chosen: (adapters * rank,): 1 for the rows of the adapter in effect, else 0.
    """

    numbers: Tensor
    chosen: Tensor


class Nf4Layer:
    """y = W x + B A x."""

    def __init__(self, module: Any, adapters: tuple[str, ...], rank: int, dtype: torch.dtype) -> None:
        """Take over a `Linear4bit` or an `AdaptedLinear` over one; ranks are filled up with zeros.

        Its scales are kept in float32: reading them through double quantization costs a launch for every product.
        """
        base: Any = module.base if isinstance(module, AdaptedLinear) else module
        branches: dict[str, tuple[Tensor, Tensor]] = getattr(module, "branches", {})
        state = base.weight.quant_state
        self.outputs, self.inputs = state.shape
        self._packed = base.weight.data
        scales = state.absmax
        if state.nested:
            scales = dequantize_blockwise(state.absmax, state.state2) + state.offset
        self._scales, self._code = scales.float(), state.code.float()
        self.rank, self._width = rank, rank * max(1, len(adapters))
        self._row_constants = {"K": self.inputs, "ROWS": ROWS, "CHUNKS": CHUNKS, "RANK": rank, "ON_NVIDIA": ON_NVIDIA}
        self.a = self._packed.new_zeros(self._width, self.inputs, dtype=dtype)
        self._b = self._packed.new_zeros(self.outputs, self._width, dtype=dtype)
        for number, adapter in enumerate(adapters):
            if adapter in branches:
                a, b = branches[adapter]
                first = number * rank
                self.a[first : first + a.shape[0]] = a
                self._b[:, first : first + b.shape[1]] = b
        branches.clear()  # their memory is needed

    def rows(self, x: Tensor, request: Request) -> Tensor:
        """y, of shape (tokens, outputs), for x of shape (tokens, inputs)."""
        weights = torch.empty(self.outputs, self.inputs, dtype=x.dtype, device=x.device)
        blocks = weights.numel() // BLOCK.value
        together = math.gcd(blocks, MOST_BLOCKS)
        prompt_kernels.unpack_weights[(blocks // together,)](
            self._packed, self._scales, self._code, weights, BLOCKS=together, ON_NVIDIA=ON_NVIDIA, num_warps=4
        )
        y = functional.linear(x, weights)
        return y.addmm_(functional.linear(x, self.a) * request.chosen, self._b.t())

    def row(self, x: Tensor, low: Tensor, request: Request, residual: Tensor | None = None) -> Tensor:
        """y (with `residual` added), of shape (outputs,), for a row with its even places first and `low` = A x."""
        y = torch.empty(self.outputs, dtype=x.dtype, device=x.device)
        row_kernels.multiply[(self.outputs // ROWS,)](
            *self._row_arguments(x, low, request), y if residual is None else residual, y, self._width,
            **self._row_constants, RESIDUAL=residual is not None, num_warps=WARPS,
        )  # fmt: skip
        return y

    def gated_row(self, x: Tensor, low: Tensor, request: Request) -> Tensor:
        """up * silu(gate), of shape (outputs / 2,) with its even places first, for x as for `row`."""
        half = self.outputs // 2
        y = torch.empty(half, dtype=x.dtype, device=x.device)
        row_kernels.multiply_gated[(half // ROWS,)](
            *self._row_arguments(x, low, request), y, half, self._width, **self._row_constants, num_warps=WARPS
        )
        return y

    def _row_arguments(self, x: Tensor, low: Tensor, request: Request) -> tuple[Tensor, ...]:
        return x, self._packed, self._scales, self._code, self._b, low, request.numbers
