"""Linear layers with the LoRA branches of all resident adapters, of which at most one is in effect."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from phied_robot.language_model.sources import ModelError


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
    """y = (W + B A) x, with a matrix for every adapter: two products a layer fewer, for a copy of W an adapter."""

    def __init__(self, adapted: AdaptedLinear) -> None:
        """Merge the branches of a layer whose base is a plain linear one."""
        super().__init__()
        plain: Tensor = adapted.base.weight  # type: ignore[assignment]
        self.weights = {"": plain, **{name: torch.addmm(plain, b, a) for name, (a, b) in adapted.branches.items()}}
        self.selection = adapted.selection

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output."""
        return functional.linear(x, self.weights.get(self.selection.adapter, self.weights[""]))


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
