"""What a model's name means: the bundled demo model, a folder or a hub id; a full model or an adapter on one."""

import json
from dataclasses import dataclass, field
from pathlib import Path

DEMO = Path(__file__).resolve().parents[1] / "models" / "demo"
ADAPTERS = ("strategy", "response")
ADAPTER_FILE = "adapter_config.json"


class ModelError(ValueError):
    """A model or adapter cannot be used; the text says in one sentence which, why, and what to do."""


@dataclass(frozen=True)
class ModelSource:
    """Where the parts of a model are.

    base: folder or hub id of a full model.
    merge_adapter: folder or hub id of an adapter that belongs to the base (as Phi-Ed is), or None.
    adapters: folder or hub id by name, of those of "strategy" and "response" that there are.
    """

    base: str
    merge_adapter: str | None = None
    adapters: dict[str, str] = field(default_factory=dict)


def resolve(model: str, strategy_adapter: str = "", response_adapter: str = "") -> ModelSource:
    """Find the parts of a model without loading any.

    Args:
        model: "demo", a folder, or a hub id such as "Mortadha/Phi-Ed-25072024".
        strategy_adapter: folder or hub id; empty: `model`/adapters/strategy if it is there.
        response_adapter: likewise.

    Raises:
        ModelError: a part does not exist.
    """
    place = str(DEMO) if model == "demo" else model
    adapter_config = _read_config(place, ADAPTER_FILE)
    if adapter_config is None and _read_config(place, "config.json") is None:
        raise ModelError(
            f"model {model!r} holds neither config.json nor {ADAPTER_FILE}; name a model's folder or hub id"
        )
    adapters = {}
    for name, given in zip(ADAPTERS, (strategy_adapter, response_adapter), strict=True):
        bundled = Path(place) / "adapters" / name
        if given:
            if _read_config(given, ADAPTER_FILE) is None:
                raise ModelError(f"adapter {given!r} holds no {ADAPTER_FILE}; name the folder of a LoRA adapter")
            adapters[name] = given
        elif (bundled / ADAPTER_FILE).exists():
            adapters[name] = str(bundled)
    if adapter_config is None:
        return ModelSource(place, None, adapters)
    base = adapter_config.get("base_model_name_or_path")
    if not base:
        raise ModelError(
            f"adapter {model!r} does not name its base model; set base_model_name_or_path in {ADAPTER_FILE}"
        )
    return ModelSource(str(base), place, adapters)


def local_folder(place: str) -> Path:
    """The folder of a model: itself, or the snapshot of a hub id, fetched where there is a network.

    Raises:
        ModelError: it is not there and cannot be fetched.
    """
    if Path(place).is_dir():
        return Path(place)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(place, ignore_patterns=["*.gguf", "*.onnx", "*.pth", "original/*"]))
    except HFValidationError as error:
        raise ModelError(f"model {place!r} is neither a folder nor a hub id such as owner/name") from error
    except Exception as error:
        raise ModelError(
            f"model {place!r} is no folder, is not in the local cache, and could not be fetched "
            f"({type(error).__name__}); connect once, or name a folder"
        ) from error


def _read_config(place: str, name: str) -> dict[str, object] | None:
    """A model's JSON file by name, or None if the model has none."""
    path = Path(place) / name
    if Path(place).exists():
        if not path.is_file():
            return None
    else:
        if "/" not in place or place.startswith(("/", ".", "~")) or place.count("/") > 1:
            raise ModelError(
                f"model {place!r} does not exist; name demo, a model's folder, or a hub id such as owner/name"
            )
        cached = _from_hub(place, name)
        if cached is None:
            return None
        path = cached
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON ({error}); fetch the model again") from error


def _from_hub(place: str, name: str) -> Path | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(place, name))
    except LocalEntryNotFoundError:
        # Offline, the cache cannot tell a file that the model lacks from a model that was never fetched.
        from huggingface_hub import scan_cache_dir

        if any(repo.repo_id == place for repo in scan_cache_dir().repos):
            return None
        raise ModelError(
            f"model {place!r} is not on this machine and the hub cannot be reached; connect once"
        ) from None
    except EntryNotFoundError:
        return None
    except Exception as error:
        raise ModelError(f"model {place!r} could not be looked up on the hub ({type(error).__name__})") from error
