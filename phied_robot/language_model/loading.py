"""Loading: a 4-bit base with both adapters resident, on the GPU where there is one."""

import hashlib
import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phied_robot.language_model.sources import ModelError, ModelSource, local_folder

Progress = Callable[[float, str], None]

TARGET_MODULES = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
"""The linear layers of Phi-3 as transformers names them; other names pass PEFT in silence (facts on the model)."""


@dataclass
class LoadedModel:
    """A model in evaluation mode with its tokenizer; `adapters` are the names that `model` holds."""

    model: Any
    tokenizer: Any
    device: str
    adapters: tuple[str, ...]
    description: str


def load(source: ModelSource, *, device: str = "auto", progress: Progress) -> LoadedModel:
    """Load base and adapters.

    Args:
        source: from `resolve`.
        device: "auto", "cuda" or "cpu".
        progress: called with a fraction from 0 to 1 and a sentence.

    Raises:
        ModelError: a part cannot be read, or an adapter is for another base.
    """
    progress(0.0, "loading the libraries of the language model")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, logging
    from transformers.utils.logging import disable_progress_bar

    logging.set_verbosity_error()
    disable_progress_bar()
    warnings.filterwarnings("ignore", module="bitsandbytes|peft|transformers")
    device = _device(device)
    folder = merged_folder(source, progress) if source.merge_adapter else local_folder(source.base)
    progress(0.3, f"loading {folder.name} in 4 bit")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, **_how_to_load(folder, device))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"model {folder} cannot be loaded: {_first_line(error)}") from error
    for number, (name, place) in enumerate(source.adapters.items()):
        progress(0.6 + 0.15 * number, f"attaching adapter {name}")
        model = _attach(model, name, local_folder(place))
    model.eval().requires_grad_(False)
    if device == "cpu":
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0))))
    named = ", ".join(source.adapters) or "none"
    return LoadedModel(
        model, tokenizer, device, tuple(source.adapters), f"{folder.name} in 4 bit on {device}, adapters: {named}"
    )


def merged_folder(source: ModelSource, progress: Progress) -> Path:
    """The base with its own adapter merged in bf16, made once and kept in the cache folder."""
    assert source.merge_adapter is not None
    adapter = local_folder(source.merge_adapter)
    fingerprint = hashlib.sha256(source.base.encode())
    for path in sorted(adapter.glob("adapter_*")):
        fingerprint.update(path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "phied_robot" / "merged"
    folder = cache / f"{adapter.name}-{fingerprint.hexdigest()[:12]}"
    if (folder / "config.json").exists():
        return folder

    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    progress(0.1, f"merging {adapter.name} into its base, once")
    base = local_folder(source.base)
    try:
        # Merging happens on the plain bf16 weights: into 4-bit ones it loses far more (facts on the model).
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
        merged = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{adapter} cannot be merged into {base}: {_first_line(error)}") from error
    unfinished = folder.with_suffix(f".{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    merged.save_pretrained(unfinished)
    AutoTokenizer.from_pretrained(base).save_pretrained(unfinished)
    unfinished.rename(folder)
    return folder


def _device(wish: str) -> str:
    import torch

    if wish == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wish not in ("cuda", "cpu"):
        raise ModelError(f"device {wish!r} is none of auto, cuda, cpu")
    if wish == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda was asked for, but torch finds no GPU; set device to auto or cpu")
    return wish


def _how_to_load(folder: Path, device: str) -> dict[str, Any]:
    """NF4 with double quantization and bf16 compute, unless the checkpoint is stored so already."""
    import torch
    from transformers import AutoConfig, BitsAndBytesConfig

    how: dict[str, Any] = {"dtype": torch.bfloat16, "device_map": {"": device}}
    if getattr(AutoConfig.from_pretrained(folder), "quantization_config", None) is None:
        how["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    return how


def _attach(model: Any, name: str, folder: Path) -> Any:
    """The model with an adapter more, after a check that the adapter is for this base."""
    import torch
    from peft import PeftModel

    try:
        if isinstance(model, PeftModel):
            model.load_adapter(folder, adapter_name=name, autocast_adapter_dtype=False)
        else:
            model = PeftModel.from_pretrained(model, folder, adapter_name=name, autocast_adapter_dtype=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"adapter {name} ({folder}) does not fit this base model: {_first_line(error)}") from error
    _check_hit(model, name, folder)
    for parameter_name, parameter in model.named_parameters():
        if f".{name}." in parameter_name:
            parameter.data = parameter.data.to(torch.bfloat16)
    return model


def _check_hit(model: Any, name: str, folder: Path) -> None:
    """Every tensor of the adapter's file must have found its layer, and every named module must be there."""
    from safetensors import safe_open

    path = folder / "adapter_model.safetensors"
    if not path.exists():
        raise ModelError(f"adapter {name} ({folder}) lacks adapter_model.safetensors")
    with safe_open(str(path), "pt") as stored:
        in_file = len(list(stored.keys()))
    attached = [one for one, _ in model.named_parameters() if f".{name}." in one and "lora_" in one]
    wanted = model.peft_config[name].target_modules
    hit = {module for module in wanted if any(f".{module}." in one for one in attached)}
    if hit != set(wanted) or in_file != len(attached):
        missed = ", ".join(sorted(set(wanted) - hit)) or f"{in_file} tensors in the file, {len(attached)} in the model"
        raise ModelError(f"adapter {name} ({folder}) is for another base model: {missed} found no place")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300] or type(error).__name__
