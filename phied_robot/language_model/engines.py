"""Which engine computes a model: the fastest that its device and its kind allow."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Protocol

from phied_robot.language_model.eager import EagerEngine
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.sampling import Sampling


class Engine(Protocol):
    """Computes tokens into one cache an adapter."""

    prefill_chunk: int
    """Most tokens of a prompt at once."""

    def choose(self, adapter: str) -> None:
        """Put an adapter into effect, as `prefill` and `decode` do for themselves."""

    def prefill(self, adapter: str, ids: list[int], start: int) -> None:
        """Compute tokens that stand at `start` and behind it; what stood there before is forgotten."""

    def logits(self) -> Any:
        """The logits after the last token computed: float32 on the CPU, of shape (vocabulary,)."""

    def decode(self, adapter: str, start: int, prompt: list[int], sampling: Sampling) -> Iterator[int]:
        """Choose token after token; one that was yielded is in the cache when the next one is."""


def make_engine(loaded: LoadedModel, context: int) -> tuple[Engine, str]:
    """The engine, and a sentence about how it computes."""
    if loaded.device != "cuda":
        return EagerEngine(loaded, context), loaded.engine
    if trouble := _no_graphs(loaded):
        return EagerEngine(loaded, context), f"{loaded.engine}, without CUDA graphs ({trouble})"
    from phied_robot.language_model.gpu.engine import GraphEngine

    return GraphEngine(loaded, context), f"{loaded.engine}, in CUDA graphs"


def _no_graphs(loaded: LoadedModel) -> str:
    import torch

    if find_spec("triton") is None:
        return "triton is not installed"
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        return "this GPU has no bfloat16"
    from phied_robot.language_model.gpu.phi3 import why_not

    return why_not(loaded.model)
