"""What a model's name means: the demo, a folder or a hub id; a full model or an adapter on one."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parent.parent / "models" / "demo"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "tokenizer.model", "README.md", "LICENSE")
"""What a model needs of a hub repository, and its licence; pickled weights are left alone, since they can run code."""


class ModelError(ValueError):
    """A model, an adapter or a job that cannot work; the text says why in one sentence."""


@dataclass(frozen=True)
class ModelSource:
    """A base model (folder or hub id), an adapter to merge into it, and the tutor's adapters by name."""

    base: str
    merge_adapter: str | None = None
    adapters: dict[str, str] = field(default_factory=dict)


def resolve(model: str, strategy_adapter: str = "", response_adapter: str = "") -> ModelSource:
    """Say what is to be loaded.

    Args:
        model: "demo", a folder or a hub id, of a full model or of an adapter (as Phi-Ed is).
        strategy_adapter: folder or hub id; empty: MODEL/adapters/strategy where MODEL is a folder that has it.
        response_adapter: the same for "response".

    Raises:
        ModelError: a name that is neither a folder nor a known id, or a folder that holds no model.
    """
    name = str(DEMO) if model == "demo" else model
    adapters = {}
    for adapter, given in (("strategy", strategy_adapter), ("response", response_adapter)):
        bundled = str(Path(name) / "adapters" / adapter)
        if given or is_folder(bundled):
            adapters[adapter] = checked_adapter(given or bundled)
    if has_file(name, "adapter_config.json"):
        return ModelSource(_base_of(name), merge_adapter=name, adapters=adapters)
    if has_file(name, "config.json"):
        return ModelSource(name, adapters=adapters)
    raise ModelError(f"{name} holds no model: neither config.json nor adapter_config.json is there")


def is_folder(name: str) -> bool:
    """Whether a name is a folder here; an empty one is none, and so is one that no path can be."""
    try:
        return bool(name) and Path(name).is_dir()
    except (OSError, ValueError):
        return False


def has_file(name: str, file: str) -> bool:
    """Whether a folder, or a hub repository in the local cache or online, holds a file."""
    if is_folder(name):
        return (Path(name) / file).is_file()
    return _hub_file(name, file) is not None


def read_json(name: str, file: str) -> dict[str, Any]:
    """A JSON object from a folder or a hub repository that has it."""
    path = Path(name) / file if is_folder(name) else _hub_file(name, file)
    try:
        content = json.loads(Path(path or file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} of {name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file} of {name} is not a JSON object")
    return content


def local_folder(name: str) -> Path:
    """The folder of a model or an adapter, downloaded from the hub if need be."""
    if is_folder(name):
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except LocalEntryNotFoundError as error:
        raise _unreachable(name) from error
    except (HfHubHTTPError, OSError) as error:
        raise ModelError(f"{name} cannot be downloaded: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def checked_adapter(name: str) -> str:
    """The name of an adapter, a folder or a hub id, that is there.

    Raises:
        ModelError: it is not.
    """
    if not has_file(name, "adapter_config.json"):
        raise ModelError(f"{name} holds no adapter: adapter_config.json is missing")
    return name


def _base_of(adapter: str) -> str:
    base = read_json(adapter, "adapter_config.json").get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise ModelError(f"adapter {adapter} does not say its base: set base_model_name_or_path in adapter_config.json")
    if not has_file(base, "config.json"):
        raise ModelError(f"the base {base} of adapter {adapter} holds no model: config.json is missing")
    return base


def _hub_file(name: str, file: str) -> str | None:
    """Where a file of a hub repository lies in the local cache; None if the repository does not have it."""
    unknown = f"model {name!r} is neither a folder nor a known model id; check the spelling, or use demo"
    if not HUB_ID.fullmatch(name):
        raise ModelError(unknown)
    from httpx import TransportError
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError

    cached = try_to_load_from_cache(name, file)
    if cached is not None:
        return cached if isinstance(cached, str) else None
    try:
        get_hf_file_metadata(hf_hub_url(name, file), timeout=5)  # fails at once where the download would try for long
        return hf_hub_download(name, file)
    except GatedRepoError as error:
        raise ModelError(f"model {name!r} is gated: accept its terms on huggingface.co and log in") from error
    except RepositoryNotFoundError as error:
        raise ModelError(unknown) from error
    except EntryNotFoundError:
        return None
    except (TransportError, OSError) as error:
        # Offline, what the cache has of a model is all that there is.
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return None
        raise _unreachable(name) from error


def _unreachable(name: str) -> ModelError:
    return ModelError(
        f"model {name!r} is neither a folder nor in the local cache, and huggingface.co cannot be reached: "
        f"connect once to download it, or use demo"
    )
