"""The engine that computes call by call, into one cache an adapter."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from phied_robot.language_model.forward import make_forward
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.lookup import Lookup
from phied_robot.language_model.sampling import Chooser, Sampling


class EagerEngine:
    """Computes tokens into one cache an adapter."""

    prefill_chunk = 256
    """Tokens between two looks at a cancellation; smaller ones cost time (300 tokens of the 17 M model on one
    thread: 120 ms in one piece, 140 ms in pieces of 128)."""

    def __init__(self, loaded: LoadedModel, context: int) -> None:
        """Make empty caches for `context` tokens each."""
        self._forward, self._context = make_forward(loaded, context), context
        self._selection, self._device = loaded.selection, loaded.device
        self._chooser = Chooser(loaded.model.config.vocab_size, loaded.device)
        self._logits: Any = None

    def choose(self, adapter: str) -> None:
        """Have all layers apply an adapter."""
        self._selection.adapter = adapter

    def prefill(self, adapter: str, ids: list[int], start: int) -> None:
        """Compute tokens that stand at `start` and behind it; what stood there before is forgotten."""
        self._logits = self._compute(adapter, ids, start, 1)

    def logits(self) -> Any:
        """The logits after the last token computed: float32 on the CPU, of shape (vocabulary,)."""
        return self._logits[-1].cpu()

    def decode(self, adapter: str, start: int, prompt: list[int], sampling: Sampling) -> Iterator[int]:
        """Choose token after token from the logits; one that was yielded is computed when the next is asked for."""
        self._chooser.begin(sampling, prompt)
        lookup, guesses = Lookup(prompt), list[int]()
        while True:
            for row, guess in zip_longest(self._logits, guesses):
                self._chooser.draw()
                token = int(self._chooser.choose(row, greedy=self._chooser.greedy))
                yield token
                lookup.add(token)
                if token != guess:  # what was computed behind a wrong guess is forgotten
                    break
                start += 1
            guesses = lookup.following(min(self._forward.guesses, self._context - start - 1))
            self._logits = self._compute(adapter, [token, *guesses], start, 1 + len(guesses))
            start += 1

    def _compute(self, adapter: str, ids: list[int], start: int, rows: int) -> Any:
        import torch

        return self._forward(adapter, torch.tensor(ids, device=self._device), start, rows)
