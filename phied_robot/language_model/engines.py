"""Which way of computing this machine and model allow."""

from collections.abc import Iterator
from typing import Any, Protocol

from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.sampling import Sampling


class Engine(Protocol):
    """Computes tokens into one cache an adapter; the adapter "" is the plain base."""

    prefill_chunk: int

    def start(self) -> None:
        """Prepare what takes time; a second call does nothing."""

    def prefill(self, adapter: str, ids: list[int], start: int) -> None:
        """Compute at most `prefill_chunk` tokens that stand at `start` and behind it; later ones are forgotten."""

    def logits(self) -> Any:
        """The logits after the last token computed: float32 on the CPU, of shape (vocabulary,)."""

    def decode(self, adapter: str, start: int, prompt: list[int], sampling: Sampling) -> Iterator[int]:
        """Choose token after token from the logits; one that was yielded is computed when the next is asked for."""


def choose_engine(loaded: LoadedModel, context: int) -> tuple[Engine, str]:
    """The fastest engine for a model, and a sentence that names it.

    Args:
        loaded: the model.
        context: tokens that each adapter's cache must hold.
    """
    from phied_robot.language_model.eager import EagerEngine

    return EagerEngine(loaded, context), loaded.engine
