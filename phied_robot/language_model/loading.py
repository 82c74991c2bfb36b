"""Loading: a 4-bit base (NF4, double quantization, bf16 compute) with its adapters, on a GPU or the CPU."""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phied_robot.language_model.adapters import attach, check_adapter
from phied_robot.language_model.memory import bytes_in_float32, bytes_in_int8, bytes_in_nf4, check_memory
from phied_robot.language_model.merging import base_folder
from phied_robot.language_model.sources import ModelError, ModelSource, first_line, local_folder
from phied_robot.language_model.weights import load_quantized, load_tokenizer, make_skeleton

if TYPE_CHECKING:
    from phied_robot.language_model.linear import Selection

Progress = Callable[[float, str], None]

SMALL = 200_000_000
"""Parameters below which one CPU thread is enough: its layers are too short to share (17 M on two cores, one
process busy beside: 12 ms a token with one thread, 38 ms with two)."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to run.

    `adapters` names those that are resident, and `selection` says which of them the model's layers apply. `engine` is
    a sentence about how the model will be computed here, and `small` says whether that is in float32 by one thread.
    """

    model: Any
    tokenizer: Any
    device: str
    adapters: tuple[str, ...]
    selection: "Selection"
    engine: str
    small: bool = False


def load(
    source: ModelSource, *, device: str = "auto", progress: Progress = lambda _fraction, _says: None
) -> LoadedModel:
    """Load a base and its adapters.

    Args:
        source: what to load.
        device: "auto" (a GPU where there is one), "cuda" or "cpu".
        progress: told the fraction done, 0 to 1, and what is being done.

    Raises:
        ModelError: what is wrong with the model, an adapter, the device or its memory.
    """
    progress(0.0, "loading the libraries")
    quiet_libraries()
    with damage_named(source.base):
        return _load(source, choose_device(device), progress)


@contextmanager
def damage_named(model: str) -> Iterator[None]:
    """Whatever transformers, PEFT or safetensors say of a damaged model becomes a ModelError."""
    from safetensors import SafetensorError

    try:
        yield
    except ModelError:
        raise
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        raise ModelError(f"model {model} cannot be loaded: {first_line(error)}") from error


def _load(source: ModelSource, device: str, progress: Progress) -> LoadedModel:
    progress(0.3, "looking for the model")
    adapters = {name: local_folder(folder) for name, folder in source.adapters.items()}
    if source.merge_adapter is not None:
        progress(0.35, "merging the adapter into its base, once")
    base = base_folder(source)

    import torch

    from phied_robot.language_model.cpu import fit, takes_8_bits
    from phied_robot.language_model.linear import Selection, take_over

    skeleton = make_skeleton(base)
    small = device == "cpu" and is_small(skeleton)
    if small:
        needed = bytes_in_float32(skeleton, 1 + len(adapters))
    else:
        needed = bytes_in_int8(skeleton) if device == "cpu" and takes_8_bits() else bytes_in_nf4(skeleton)
    check_memory(needed, device, "the model")
    for name, folder in adapters.items():
        check_adapter(skeleton, name, folder)
    progress(0.5, "reading the model")
    tokenizer = load_tokenizer(base)
    model = load_quantized(base, device)
    selection = Selection()
    if adapters:
        progress(0.9, "attaching the adapters")
        model, selection = take_over(attach(model, adapters))
    engine = "the GPU"
    if device == "cpu":
        torch.set_num_threads(_cores())
        engine = fit(model, small=small)
        torch.set_num_threads(threads_for(skeleton))
    return LoadedModel(model.eval().requires_grad_(False), tokenizer, device, tuple(adapters), selection, engine, small)


def is_small(skeleton: Any) -> bool:
    """Whether a model has so few parameters that float32 and one CPU thread serve it best."""
    return bool(skeleton.num_parameters() < SMALL)


def threads_for(skeleton: Any) -> int:
    """The CPU threads that compute a model fastest while other programs run."""
    return 1 if is_small(skeleton) else _cores()


def quiet_libraries() -> None:
    """Keep the libraries from reporting home, from printing progress and from burning the CPU while they wait.

    Threads of OpenMP that wait for each other spin by default, which starves the voice and the motion on a small
    machine. It is read once, so this has to come before torch.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(transformers|peft|bitsandbytes)\.")
    warnings.filterwarnings("ignore", message=r"torch\.quantize_per_tensor")  # int8.py's, to go in a later torch
    from huggingface_hub.utils.tqdm import disable_progress_bars
    from transformers.utils import logging as transformers_logging

    disable_progress_bars()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()


def choose_device(wanted: str) -> str:
    """The device by its torch name: "cuda" or "cpu"."""
    import torch

    if wanted not in ("auto", "cuda", "cpu"):
        raise ModelError(f"device {wanted!r} is none of auto, cuda and cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda was asked for, but there is no GPU that torch can use; take auto or cpu")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
