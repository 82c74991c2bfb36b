"""LoRA adapters: whether one fits a base, and attaching it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from phied_robot.language_model.sources import ModelError, first_line, read_json

WEIGHTS = "adapter_model.safetensors"
TARGETS = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
"""Phi-3's four kinds of linear layer. PEFT skips names that a base does not have and says nothing."""


def check_adapter(skeleton: Any, name: str, folder: Path, *, every_target: bool = True) -> None:
    """Compare an adapter's stored tensors with those that PEFT would make for the base, name by name.

    Args:
        skeleton: the base without weights (on the meta device); it is left as it was.
        name: of the adapter, for the sentence.
        folder: of the adapter.
        every_target: also refuse a target module that the base does not have, which PEFT skips in silence
            as long as another one matches.

    Raises:
        ModelError: the adapter is for another base, or is damaged.
    """
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict

    label = f"adapter {name!r} ({folder})"
    settings = read_json(str(folder), "adapter_config.json")
    if settings.get("peft_type") != "LORA":
        raise ModelError(f"{label} is of type {settings.get('peft_type')}, but only LORA can be loaded")
    stored = stored_shapes(label, folder)
    try:
        adapted = get_peft_model(skeleton, LoraConfig.from_pretrained(str(folder)))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{label} is for another base: {first_line(error)}") from error
    expected = {key: list(tensor.shape) for key, tensor in get_peft_model_state_dict(adapted).items()}
    hit = adapted.targeted_module_names
    adapted.unload()

    targets = adapted.peft_config["default"].target_modules
    if every_target and not isinstance(targets, str):
        unhit = [name for name in sorted(targets) if not any(f".{module}".endswith(f".{name}") for module in hit)]
        if unhit:
            raise ModelError(f"{label} is for another base: this one has no module {', '.join(unhit)}")
    if foreign := sorted(stored.keys() - expected.keys()):
        raise ModelError(f"{label} is for another base: this one has no place for {_some(foreign)}")
    if missing := sorted(expected.keys() - stored.keys()):
        raise ModelError(f"{label} is not complete: {_some(missing)} is missing in {WEIGHTS}")
    for key, shape in expected.items():
        if stored[key] != shape:
            raise ModelError(f"{label} is for another base: {key} is {stored[key]} and would have to be {shape}")


def attach(model: Any, folders: dict[str, Path]) -> Any:
    """The base with all adapters resident, in bf16 (with its autocast PEFT would make that fp32) and frozen."""
    from peft import PeftModel

    adapted = None
    for name, folder in folders.items():
        if adapted is None:
            adapted = PeftModel.from_pretrained(model, folder, adapter_name=name, autocast_adapter_dtype=False)
        else:
            adapted.load_adapter(folder, name, autocast_adapter_dtype=False)
    assert adapted is not None, "attach needs an adapter"
    return adapted.requires_grad_(False).eval()


def stored_shapes(label: str, folder: Path) -> dict[str, list[int]]:
    """The shapes of an adapter's tensors by name, read without the tensors.

    Raises:
        ModelError: the file is missing or damaged; the sentence begins with `label`.
    """
    from safetensors import SafetensorError, safe_open

    if not (folder / WEIGHTS).is_file():
        raise ModelError(f"{label} holds no {WEIGHTS}")
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as tensors:
            return {key: list(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{label}: {WEIGHTS} cannot be read: {first_line(error)}") from error


def _some(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first} (and {len(rest)} more)" if rest else first
