"""The engine that runs transformers' forward pass as it is, into one cache an adapter."""

from collections.abc import Iterator
from inspect import signature
from typing import Any

from phied_robot.language_model.cache import KeyValueCache
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.sampling import Chooser, Sampling


class EagerEngine:
    """Computes tokens into one cache an adapter."""

    prefill_chunk = 256
    """Tokens between two looks at a cancellation; smaller ones cost time (300 tokens of the 17 M model on one
    thread: 120 ms in one piece, 140 ms in pieces of 128)."""

    def __init__(self, loaded: LoadedModel, context: int) -> None:
        """Make empty caches for `context` tokens each."""
        config = loaded.model.config
        self._model, self._selection, self._device = loaded.model, loaded.selection, loaded.device
        self._caches = {adapter: KeyValueCache(config.num_hidden_layers, context) for adapter in (*loaded.adapters, "")}
        self._window = getattr(config, "sliding_window", None) or context
        self._chooser = Chooser(config.vocab_size, loaded.device)
        self._logits: Any = None
        # Its name until transformers 5.2x was past_key_values.
        self._cache_argument = "cache" if "cache" in signature(loaded.model.forward).parameters else "past_key_values"

    def choose(self, adapter: str) -> None:
        """Have all layers apply an adapter."""
        self._selection.adapter = adapter

    def prefill(self, adapter: str, ids: list[int], start: int) -> None:
        """Compute tokens that stand at `start` and behind it; what stood there before is forgotten."""
        import torch

        self._logits = self._forward(adapter, torch.tensor([ids], device=self._device), start)

    def logits(self) -> Any:
        """The logits after the last token computed: float32 on the CPU, of shape (vocabulary,)."""
        return self._logits.cpu()

    def decode(self, adapter: str, start: int, prompt: list[int], sampling: Sampling) -> Iterator[int]:
        """Choose token after token from the logits; one that was yielded is computed when the next is asked for."""
        self._chooser.begin(sampling, prompt)
        while True:
            self._chooser.draw()
            token = self._chooser.choose(self._logits, greedy=self._chooser.greedy)
            yield int(token)
            self._logits = self._forward(adapter, token[None], start)
            start += 1

    def _forward(self, adapter: str, ids: Any, start: int) -> Any:
        import torch

        self.choose(adapter)
        cache = self._caches[adapter]
        cache.position = start
        places = torch.arange(start, start + ids.shape[1], device=self._device)
        before = torch.arange(start + ids.shape[1], device=self._device)
        mask = (before <= places[:, None]) & (before > places[:, None] - self._window)
        output = self._model(
            input_ids=ids,
            position_ids=places[None],
            attention_mask=mask[None, None],
            **{self._cache_argument: cache},
            use_cache=True,
            logits_to_keep=1,
        )
        return output.logits[0, -1].float()
