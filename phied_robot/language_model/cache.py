"""Keys and values of one adapter's conversation, in memory that is taken once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def owners(adapters: tuple[str, ...]) -> tuple[str, ...]:
    """Whose caches may be needed: the adapters', and the plain base's where it stands in for one that is missing."""
    return adapters if len(adapters) > 1 else (*adapters, "")


class KeyValueCache:
    """What transformers' attention layers ask of a cache, over tensors of fixed length.

    `position` says where the next tokens go; setting it back forgets what stands behind it. transformers' own growing
    cache copies itself for every token, and its static one lets every token attend to the whole length.
    """

    is_compileable = False

    def __init__(self, layers: int, length: int) -> None:
        """Make an empty cache for `length` tokens; a layer's memory is taken when it is first used."""
        self.position = 0
        self.length = length
        self._keys: list[Tensor | None] = [None] * layers
        self._values: list[Tensor | None] = [None] * layers

    def update(self, keys: "Tensor", values: "Tensor", layer: int, *_: Any, **__: Any) -> "tuple[Tensor, Tensor]":
        """Store keys and values of shape (1, heads, new tokens, size) and return those of all tokens so far."""
        end = self.position + keys.shape[2]
        return self._store(self._keys, keys, layer, end), self._store(self._values, values, layer, end)

    def get_seq_length(self, *_: Any) -> int:
        """Tokens stored before the forward pass that is under way."""
        return self.position

    def _store(self, kept: list["Tensor | None"], new: "Tensor", layer: int, end: int) -> "Tensor":
        tensor = kept[layer]
        if tensor is None:
            tensor = kept[layer] = new.new_zeros(1, new.shape[1], self.length, new.shape[3])
        tensor[:, :, self.position : end] = new
        return tensor[:, :, :end]
