"""The model under test."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol, TypeVar

from phied_robot.language_model.generation import Generation, TutorModel
from phied_robot.language_model.loading import load
from phied_robot.language_model.memory import MIB
from phied_robot.language_model.sources import ModelSource
from phied_robot.pedagogy.prompts import Message
from phied_robot.pedagogy.strategies import codes, from_codes

Item = TypeVar("Item")


class Track(Protocol):
    """Goes through items and shows how far it is."""

    def __call__(self, items: Sequence[Item], says: str) -> Iterable[Item]:
        """The items, one after the other."""


class Tutor(Protocol):
    """What the measures ask of a model."""

    def choose(self, messages: list[Message]) -> dict[str, float]:
        """The probability of each strategy's label."""

    def answer(self, messages: list[Message], most_tokens: int) -> Generation:
        """The answer, at most so many tokens; the same every time."""


class LoadedTutor:
    """A loaded model with its adapters."""

    def __init__(self, model: TutorModel) -> None:
        """Take over a model."""
        self._model = model

    def choose(self, messages: list[Message]) -> dict[str, float]:
        """By one forward pass of the adapter "strategy"."""
        return from_codes(self._model.score(messages, "strategy", codes()))

    def answer(self, messages: list[Message], most_tokens: int) -> Generation:
        """Greedily, by the adapter "response"."""
        return self._model.generate(
            messages,
            "response",
            max_new_tokens=most_tokens,
            temperature=0.0,
            seed=0,
            on_text=lambda _text: None,
            cancelled=lambda: False,
        )


@dataclass(frozen=True)
class Loading:
    """A tutor, how it is computed here, and what loading it took: seconds, and MiB of its weights."""

    tutor: LoadedTutor
    device: str
    engine: str
    adapters: tuple[str, ...]
    seconds: float
    weights: float


def load_tutor(source: ModelSource, device: str) -> Loading:
    """Load a model and run it once.

    Raises:
        ModelError: it cannot be loaded.
    """
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    began = perf_counter()
    loaded = load(source, device=device)
    model = TutorModel(loaded)
    model.warm_up()
    seconds = perf_counter() - began
    weights = loaded.model.get_memory_footprint() / MIB
    return Loading(LoadedTutor(model), loaded.device, model.engine, loaded.adapters, seconds, weights)


def memory_used(device: str) -> float:
    """MiB: on a GPU the most that was allocated since a model was loaded, else of this process now."""
    import psutil  # type: ignore[import-untyped]
    import torch

    used = torch.cuda.max_memory_allocated() if device == "cuda" else psutil.Process().memory_info().rss
    return float(used) / MIB
