"""The 4-bit base with a new adapter on it, ready to train."""

from pathlib import Path
from typing import Any

from phied_robot.language_model.adapters import TARGETS
from phied_robot.language_model.cpu import to_float32
from phied_robot.language_model.four_bit import compute_in, is_slow, keep_unpacked, store_as
from phied_robot.language_model.sources import ModelError
from phied_robot.language_model.weights import load_quantized
from phied_robot.training.configuration import Configuration
from phied_robot.training.processes import is_sharded, own


def check_targets(base: Any) -> None:
    """Refuse a base (or its skeleton) that lacks one of the four kinds of layer.

    Raises:
        ModelError: with what is missing and what there is.
    """
    from torch.nn import Linear

    there = {name.rsplit(".", 1)[-1] for name, module in base.named_modules() if isinstance(module, Linear)}
    if missing := [name for name in TARGETS if name not in there]:
        raise ModelError(
            f"the base has no module {', '.join(missing)} (it has {', '.join(sorted(there))}): take a Phi-3 model"
        )


def make_adapted(folder: Path, configuration: Configuration, device: str, dtype: Any) -> Any:
    """The base in NF4 with a fresh LoRA adapter on every layer of the four kinds; only the adapter is trainable.

    Where 4-bit layers are slow, float32 layers hold the same values, as they do when the tutor runs there.

    Args:
        folder: of the base.
        configuration: gives rank, alpha and dropout.
        device: "cuda" or "cpu".
        dtype: in which torch computes; adapters are stored in float32.

    Raises:
        ModelError: the base cannot be loaded, or a layer got no adapter.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    from phied_robot.training.attention import attend_within_examples

    model = load_quantized(folder, own(device))
    if is_slow(device):
        to_float32(model)
    keep_unpacked(model)
    compute_in(model, dtype)
    attend_within_examples(model, dtype)
    if is_sharded():
        store_as(model, dtype)
    check_targets(model)
    torch.manual_seed(configuration.seed)
    lora = LoraConfig(
        r=configuration.rank,
        lora_alpha=configuration.alpha,
        lora_dropout=configuration.dropout,
        target_modules=list(TARGETS),
        bias="none",
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, lora)
    adapted.peft_config["default"].base_model_name_or_path = configuration.base
    _check_every_layer(adapted)
    return adapted


def _check_every_layer(adapted: Any) -> None:
    layers = adapted.config.num_hidden_layers
    for target in TARGETS:
        hit = sum(name.endswith(f".{target}") for name in adapted.targeted_module_names)
        if hit != layers:
            raise ModelError(f"{hit} of {layers} layers of the kind {target} got an adapter")
