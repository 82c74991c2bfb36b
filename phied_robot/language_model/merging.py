"""An adapter merged into its base: as a model that is kept in the cache folder, or as a folder of one's own."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from phied_robot.language_model.adapters import WEIGHTS, check_adapter
from phied_robot.language_model.four_bit import keep_unpacked
from phied_robot.language_model.memory import bytes_in_bf16, check_memory
from phied_robot.language_model.sources import ModelError, ModelSource, local_folder, read_json
from phied_robot.language_model.weights import load_quantized, load_tokenizer, make_skeleton, read_weights

FORMAT = "1"
"""Raised when merged checkpoints are made differently, so that old ones are not used."""

Onto = Literal["dequantized", "original"]
"""The values of the base that an adapter is merged into: those of its 4-bit layers, unpacked, with which the adapter
was trained; or the weights as they were before quantization."""


def base_folder(source: ModelSource) -> Path:
    """The folder of a model's base, downloaded and with its adapter merged in if need be.

    Raises:
        ModelError: it cannot be downloaded, merged or kept.
    """
    base = local_folder(source.base)
    return base if source.merge_adapter is None else merged_folder(base, local_folder(source.merge_adapter))


def merged_folder(base: Path, adapter: Path) -> Path:
    """The folder of `base` with `adapter` merged in bf16; made on the first call and reused afterwards.

    Raises:
        ModelError: the adapter does not fit, or the cache folder cannot be written.
    """
    target = cache_folder() / _fingerprint(base, adapter)
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save_merged(merge(base, adapter, "original" if has_original(base) else "dequantized"), base, target)
    except OSError as error:
        if not target.is_dir():  # another process was not faster
            raise ModelError(
                f"the merged model cannot be kept in {target.parent} ({error.strerror or error}); "
                "free some space or set XDG_CACHE_HOME"
            ) from error
    return target


def cache_folder() -> Path:
    """Where merged models are kept: $XDG_CACHE_HOME/phied_robot/merged, by default in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "phied_robot" / "merged"


def has_original(base: Path) -> bool:
    """Whether a base is stored as it was before quantization."""
    return "quantization_config" not in read_json(str(base), "config.json")


def merge(base: Path, adapter: Path, onto: Onto) -> Any:
    """The base with an adapter in its weights, in bf16 and in the memory of the processor.

    Raises:
        ModelError: the adapter does not fit the base, memory does not suffice, or there is no original.
    """
    import torch
    from peft import PeftModel

    if onto == "original" and not has_original(base):
        raise ModelError(f"{base} is stored in 4 bits: there is no original to merge onto")
    skeleton = make_skeleton(base)
    check_adapter(skeleton, "to merge", adapter, every_target=False)
    check_memory(bytes_in_bf16(skeleton), "cpu", "merging the adapter into its base")
    if onto == "original":
        model = read_weights(base, "cpu")
    else:
        model = load_quantized(base, "cpu")
        keep_unpacked(model)
        model = model.dequantize(dtype=torch.bfloat16)
    return PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)


def save_merged(model: Any, base: Path, target: Path) -> None:
    """Write what `merge` gave, with the tokenizer of its base, into a folder that does not exist yet."""
    # A run that is cut off leaves no half model: the folder gets its name when it is whole.
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".merging-", ignore_cleanup_errors=True) as scratch:
        unfinished = Path(scratch) / "model"
        model.save_pretrained(unfinished, save_original_format=False)  # which for a dequantized base does not exist
        load_tokenizer(base).save_pretrained(unfinished)
        unfinished.rename(target)


def _fingerprint(base: Path, adapter: Path) -> str:
    """Changes with the adapter's content and with the base's place, sizes and times."""
    digest = hashlib.sha256(FORMAT.encode())
    for file in ("adapter_config.json", WEIGHTS):
        if (adapter / file).is_file():
            digest.update((adapter / file).read_bytes())
    for path in sorted([base / "config.json", *base.glob("*.safetensors")]):
        found = path.stat()
        digest.update(f"{path.resolve()} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]
