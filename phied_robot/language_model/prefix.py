"""Token sequences that go on from what an adapter's cache already holds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from phied_robot.language_model.cache import owners
from phied_robot.language_model.engines import make_engine
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.memory import GRAPHS, bytes_of_caches, check_memory
from phied_robot.language_model.sampling import Sampling
from phied_robot.language_model.sources import ModelError

CONTEXT = 4_096
"""Phi-3-128k changes its rotary factors beyond this many tokens, and its cache with them."""


class CancelledError(Exception):
    """Nobody waits for the job any more."""


class PrefixModel:
    """Computes tokens with each adapter, but none of a prefix that the adapter's cache still holds.

    All calls belong into `with running(adapter)`. Not thread-safe: one worker uses it.
    """

    def __init__(self, loaded: LoadedModel, context: int = CONTEXT) -> None:
        """Take over a model; memory for `context` tokens is taken once an adapter.

        Raises:
            ModelError: there is too little memory for them.
        """
        config = loaded.model.config
        self.context = min(config.max_position_embeddings, context)
        caches = owners(loaded.adapters)
        needed = bytes_of_caches(config, self.context, len(caches), loaded.model.dtype.itemsize)
        needed += GRAPHS if loaded.device == "cuda" else 0
        check_memory(
            needed, loaded.device, f"a context of {self.context} tokens", "set a lower context in config/tutor.yaml"
        )
        self._device = loaded.device
        self._engine, self.engine = make_engine(loaded, self.context)
        self._cached: dict[str, list[int]] = {adapter: [] for adapter in caches}

    def choose(self, adapter: str) -> None:
        """Put an adapter into effect, as every piece of a prompt and every token does for itself."""
        self._engine.choose(adapter)

    def prefill(self, adapter: str, prompt: list[int], cancelled: Callable[[], bool] = lambda: False) -> int:
        """Compute what the cache does not hold yet of a prompt of at least one token; how many tokens that were.

        Raises:
            CancelledError: `cancelled` turned true; it is asked between pieces of the prompt.
        """
        cached = self._cached[adapter]
        start = _common(cached, prompt[:-1])  # the last one is computed in any case, for its logits
        del cached[start:]
        for begin in range(start, len(prompt), self._engine.prefill_chunk):
            if cancelled():
                raise CancelledError
            piece = prompt[begin : begin + self._engine.prefill_chunk]
            self._engine.prefill(adapter, piece, begin)
            cached += piece
        if cancelled():
            raise CancelledError
        return len(prompt) - start

    def logits(self) -> Any:
        """The logits after the last token computed: float32 on the CPU, of shape (vocabulary,)."""
        return self._engine.logits()

    def decode(self, adapter: str, prompt: list[int], sampling: Sampling) -> Iterator[int]:
        """Token after token behind the prompt that was prefilled last; those that the cache holds are remembered."""
        cached = self._cached[adapter]
        tokens = self._engine.decode(adapter, len(prompt), prompt, sampling)
        token = next(tokens)
        while True:
            yield token
            following = next(tokens)
            cached.append(token)
            token = following

    def forget(self, adapter: str) -> None:
        """The next prompt is computed from its first token on."""
        self._cached[adapter].clear()

    @contextmanager
    def running(self, adapter: str) -> Iterator[None]:
        """Inference; running out of memory becomes a ModelError, and what was under way is forgotten."""
        import torch

        try:
            with torch.inference_mode():
                yield
        except RuntimeError as error:
            if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
                raise
            self.forget(adapter)
            if self._device == "cuda":
                torch.cuda.empty_cache()
            raise ModelError(
                f"there is not enough memory for this request: close other programs, or set a lower context than "
                f"{self.context} tokens in config/tutor.yaml"
            ) from None


def _common(one: list[int], other: list[int]) -> int:
    """How many tokens two prompts begin with in common."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(place for place in range(length) if one[place] != other[place])
