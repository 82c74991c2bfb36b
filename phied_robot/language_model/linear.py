"""Linear layers with the LoRA branches of all resident adapters, of which at most one is in effect."""

from dataclasses import dataclass
from platform import machine
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from phied_robot.language_model.sources import ModelError

HAS_ONEDNN = torch._C._has_mkldnn and machine() in ("x86_64", "AMD64")

ROWS = 16
"""Longer products are filled up to a multiple: oneDNN keeps memory for every number of rows that it has met (the 17 M
model, 1 to 256 rows: 658 MiB, and 60 with multiples of 16)."""


@dataclass
class Selection:
    """The adapter that all layers of a model apply; the plain base answers for a name that none of them has."""

    adapter: str = ""


class AdaptedLinear(nn.Module):
    """y = base(x) + B A x, with A of shape (rank, inputs) and B of (outputs, rank), which holds LoRA's scaling.

    PEFT's own layer costs more than the 4-bit product itself (its casts, its dictionaries, its dropout), and changing
    its active adapter walks over every module; here it is one assignment in `selection`.
    """

    def __init__(self, base: nn.Module, branches: dict[str, tuple[Tensor, Tensor]], selection: Selection) -> None:
        """Take over a linear layer and its branches by adapter."""
        super().__init__()
        self.base = base
        self.branches = branches
        self.selection = selection

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output, of the shape and type that the base gives."""
        y: Tensor = self.base(x)
        branch = self.branches.get(self.selection.adapter)
        if branch is not None:
            a, b = branch
            hidden = functional.linear(x, a)
            y.view(-1, y.shape[-1]).addmm_(hidden.view(-1, a.shape[0]), b.t())
        return y


class MergedLinear(nn.Module):
    """y = (W + B A) x, with a matrix for every adapter: two products a layer fewer, for a copy of W an adapter.

    Matrices lie as oneDNN multiplies by them, where torch has it. A pass of the 17 M model on one core with AVX512, one
    row and 400: 1.8 and 47 ms, 3.6 and 105 by `functional.linear`; with AVX2 2.2 and 89, 3.5 and 106.
    """

    def __init__(self, weight: Tensor, branches: dict[str, tuple[Tensor, Tensor]], selection: Selection) -> None:
        """Merge a float32 weight of shape (outputs, inputs) with each adapter's branch, as of `AdaptedLinear`."""
        super().__init__()
        self.weights = {"": weight, **{name: torch.addmm(weight, b, a) for name, (a, b) in branches.items()}}
        if HAS_ONEDNN:
            reorder = torch.ops.mkldnn._reorder_linear_weight
            self.weights = {name: reorder(merged) for name, merged in self.weights.items()}
        self.selection = selection

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output."""
        weight = self.weights.get(self.selection.adapter, self.weights[""])
        if not HAS_ONEDNN:
            return functional.linear(x, weight)
        rows = x.reshape(-1, x.shape[-1])
        filling = -len(rows) % ROWS if len(rows) > ROWS else 0
        filled = functional.pad(rows, (0, 0, 0, filling))
        y: Tensor = torch.ops.mkldnn._linear_pointwise(filled, weight, None, "none", [], "")
        return y[: len(rows)].view(*x.shape[:-1], -1)


def take_over(adapted: Any) -> tuple[Any, Selection]:
    """The base model of a PeftModel, whose LoRA layers have become `AdaptedLinear`.

    Raises:
        ModelError: an adapter holds more than plain LoRA branches of linear layers.
    """
    from peft.tuners.lora import LoraLayer

    selection = Selection()
    model = adapted.base_model.model
    for name, module in list(model.named_modules()):
        if isinstance(module, LoraLayer):
            model.set_submodule(name, AdaptedLinear(module.base_layer, _branches(name, module), selection))
    return model, selection


def _branches(name: str, layer: Any) -> dict[str, tuple[Tensor, Tensor]]:
    if not layer.lora_A or layer.lora_variant or any(layer.lora_bias.values()):
        raise ModelError(f"an adapter changes {name} by more than plain LoRA (DoRA, biases, embeddings): not supported")
    return {
        adapter: (
            layer.lora_A[adapter].weight.detach(),
            (layer.lora_B[adapter].weight.detach() * layer.scaling[adapter]).t().contiguous().t(),
        )
        for adapter in layer.lora_A
    }
