"""An adapter as a model: merged once into its unquantized base, and kept in the cache folder."""

import hashlib
import os
import tempfile
from pathlib import Path

from phied_robot.language_model.adapters import WEIGHTS, check_adapter
from phied_robot.language_model.memory import bytes_in_bf16, check_memory
from phied_robot.language_model.sources import ModelError, read_json
from phied_robot.language_model.weights import load_tokenizer, make_skeleton, read_weights

FORMAT = "1"
"""Raised when merged checkpoints are made differently, so that old ones are not used."""


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
        # A run that is cut off leaves no half model: the folder gets its name when it is whole.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".merging-", ignore_cleanup_errors=True) as scratch:
            _merge(base, adapter, Path(scratch) / "model")
            (Path(scratch) / "model").rename(target)
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


def _merge(base: Path, adapter: Path, target: Path) -> None:
    import torch
    from peft import PeftModel

    skeleton = make_skeleton(base)
    check_adapter(skeleton, "to merge", adapter, every_target=False)
    check_memory(bytes_in_bf16(skeleton), "cpu", "merging the adapter into its base")
    model = read_weights(base, "cpu")
    if "quantization_config" in read_json(str(base), "config.json"):
        model = model.dequantize(dtype=torch.bfloat16)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)
    merged.save_pretrained(target, save_original_format=False)  # which for a dequantized base does not exist
    load_tokenizer(base).save_pretrained(target)


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
