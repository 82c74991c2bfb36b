"""Forward passes of transformers' models into caches of our own."""

from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol

from phied_robot.language_model.cache import KeyValueCache
from phied_robot.language_model.loading import LoadedModel

if TYPE_CHECKING:
    from torch import Tensor


class Forward(Protocol):
    """From tokens to logits, into one cache an adapter."""

    guesses: int
    """How many tokens more are computed in little more time than one."""

    def __call__(self, adapter: str, ids: "Tensor", start: int, rows: int = 1) -> "Tensor":
        """Compute tokens of shape (count,) that stand at `start` and behind it.

        Returns:
            float32 logits, of shape (rows, vocabulary), behind each of the last `rows` tokens.
        """


class ModulesForward:
    """transformers' own modules, which compute every model."""

    guesses = 0

    def __init__(self, loaded: LoadedModel, context: int) -> None:
        """Make empty caches for `context` tokens each."""
        config = loaded.model.config
        self._model, self._selection, self._device = loaded.model, loaded.selection, loaded.device
        self._caches = {adapter: KeyValueCache(config.num_hidden_layers, context) for adapter in (*loaded.adapters, "")}
        self._window = getattr(config, "sliding_window", None) or context
        # Its name until transformers 5.2x was past_key_values.
        self._cache_argument = "cache" if "cache" in signature(loaded.model.forward).parameters else "past_key_values"

    def __call__(self, adapter: str, ids: Any, start: int, rows: int = 1) -> Any:
        """As `Forward` says."""
        import torch

        self._selection.adapter = adapter
        cache = self._caches[adapter]
        cache.position = start
        places = torch.arange(start, start + len(ids), device=self._device)
        before = torch.arange(start + len(ids), device=self._device)
        mask = (before <= places[:, None]) & (before > places[:, None] - self._window)
        output = self._model(
            input_ids=ids[None],
            position_ids=places[None],
            attention_mask=mask[None, None],
            **{self._cache_argument: cache},
            use_cache=True,
            logits_to_keep=rows,
        )
        return output.logits[0].float()


def make_forward(loaded: LoadedModel, context: int) -> Forward:
    """The faster of those that compute a model."""
    from phied_robot.language_model.phi3 import Phi3Forward, why_not

    if loaded.device == "cpu" and not why_not(loaded.model.config):
        return Phi3Forward(loaded, context)
    return ModulesForward(loaded, context)
