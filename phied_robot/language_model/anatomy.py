"""What a model is made of: its parts with their memory, its linear layers, its adapters, its licence."""

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phied_robot.language_model.adapters import check_adapter, stored_shapes
from phied_robot.language_model.fingerprints import fingerprint
from phied_robot.language_model.memory import NF4_BYTES
from phied_robot.language_model.prefix import CONTEXT
from phied_robot.language_model.sources import ModelError, read_json

BF16 = 2
KINDS = {"self_attn": "attention", "mlp": "feed-forward", "embed_tokens": "embeddings", "lm_head": "output head"}
_LICENCE = re.compile(r"^license: *[\"']?([\w.+-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """Parameters of a kind, and their bytes in bf16 and as they are served (linear layers in NF4)."""

    name: str
    parameters: int
    bf16: float
    served: float


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter. `fits` is empty, or the sentence that says why it does not fit the base."""

    name: str
    rank: int
    alpha: int
    targets: tuple[str, ...]
    parameters: int
    base: str
    licence: str
    fingerprint: str
    fits: str


def parts(skeleton: Any) -> list[Part]:
    """The parts of a model without weights, in the order of a forward pass; an output head that is tied is none."""
    from torch.nn import Linear

    kinds: Counter[str] = Counter()
    quantized: Counter[str] = Counter()
    for name, module in skeleton.named_modules():
        for _, parameter in module.named_parameters(recurse=False):
            if name == "lm_head" and parameter is skeleton.get_input_embeddings().weight:
                continue
            kinds[_kind(name)] += parameter.numel()
            if isinstance(module, Linear) and name != "lm_head":
                quantized[_kind(name)] += parameter.numel()
    return [
        Part(kind, count, BF16 * count, NF4_BYTES * quantized[kind] + BF16 * (count - quantized[kind]))
        for kind, count in kinds.items()
    ]


def linear_layers(skeleton: Any) -> Counter[tuple[str, int, int]]:
    """How many linear layers there are of each name, inputs and outputs."""
    from torch.nn import Linear

    return Counter(
        (name.rsplit(".", 1)[-1], module.in_features, module.out_features)
        for name, module in skeleton.named_modules()
        if isinstance(module, Linear)
    )


def cache_bytes(config: Any) -> int:
    """Keys and values of one conversation that fills the context, in bf16."""
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    tokens = min(CONTEXT, config.max_position_embeddings)
    return int(2 * BF16 * config.num_hidden_layers * config.num_key_value_heads * size * tokens)


def describe_adapter(skeleton: Any, name: str, folder: Path) -> Adapter:
    """What an adapter is, and whether it fits a base.

    Raises:
        ModelError: its configuration or its weights cannot be read.
    """
    settings = read_json(str(folder), "adapter_config.json")
    parameters = sum(math.prod(shape) for shape in stored_shapes(f"adapter {name!r} ({folder})", folder).values())
    try:
        check_adapter(skeleton, name, folder, every_target=False)
        fits = ""
    except ModelError as error:
        fits = str(error)
    targets = settings.get("target_modules") or ()
    return Adapter(
        name=name,
        rank=int(settings.get("r", 0)),
        alpha=int(settings.get("lora_alpha", 0)),
        targets=(targets,) if isinstance(targets, str) else tuple(sorted(targets)),
        parameters=parameters,
        base=str(settings.get("base_model_name_or_path")),
        licence=licence(folder),
        fingerprint=fingerprint(folder),
        fits=fits,
    )


def part_of(adapter: Adapter) -> Part:
    """An adapter as a part of the model that it is attached to."""
    size = float(BF16 * adapter.parameters)
    return Part(f"adapter {adapter.name}", adapter.parameters, size, size)


def licence(folder: Path) -> str:
    """The licence that the card of a model or an adapter names, or the first line of its licence file; else empty."""
    card, text = folder / "README.md", folder / "LICENSE"
    if card.is_file() and (named := _LICENCE.search(card.read_text(encoding="utf-8"))):
        return named[1]
    lines = text.read_text(encoding="utf-8").split("\n") if text.is_file() else []
    return next((line.strip() for line in lines if line.strip()), "")


def _kind(name: str) -> str:
    return next((KINDS[part] for part in name.split(".") if part in KINDS), "norms")
