"""Phi-3's forward pass over the weights of transformers' model, in a third of its calls.

On a processor those calls take as long as the products of a small model.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from phied_robot.language_model.cache import owners
from phied_robot.language_model.loading import LoadedModel

GUESSES_OF_SMALL, GUESSES_OF_LARGE = 7, 3
"""A token of the 17 M model with seven guesses takes 1.5 times the time of one alone, most of which is reading the
weights. 48 answers of the tutor: 2.7 tokens at once. In 4 and 8 bits the products weigh more: Phi-3-mini's token takes
1.1 times the time with three guesses, with seven 1.6 and 1.3 times (two cores with AVX512)."""


@dataclass
class _Layer:
    """One layer's norms and matrices, and its keys and values by adapter, each of shape (context, heads, size)."""

    before_attention: Tensor
    qkv: Any
    o: Any
    before_mlp: Tensor
    gate_up: Any
    down: Any
    keys: dict[str, Tensor]
    values: dict[str, Tensor]


class Phi3Forward:
    """Computes tokens of one conversation into one cache an adapter."""

    def __init__(self, loaded: LoadedModel, context: int) -> None:
        """Take over a model that `why_not` has nothing against; caches hold `context` tokens each."""
        model, config = loaded.model, loaded.model.config
        self._selection = loaded.selection
        self._heads, self._heads_of_keys = config.num_attention_heads, config.num_key_value_heads
        self._size = config.hidden_size // self._heads
        self._epsilon = config.rms_norm_eps
        self._window = config.sliding_window or context
        self.guesses = GUESSES_OF_SMALL if loaded.small else GUESSES_OF_LARGE
        self._embedding = model.get_input_embeddings().weight
        self._head = model.get_output_embeddings()
        self._norm = model.model.norm.weight
        shape = (context, self._heads_of_keys, self._size)
        alone = torch.eye(self._heads_of_keys, dtype=model.dtype) * self._size**-0.5
        self._alone = alone[:, None, :, None]
        caches = owners(loaded.adapters)
        self._layers = [self._take_over(layer, caches, shape) for layer in model.model.layers]
        cosine, sine = model.model.rotary_emb(self._embedding[:1], torch.arange(context)[None])
        halves = (context, 1, 2, self._size // 2)
        self._cosine, self._sine = cosine.reshape(halves), sine.reshape(halves) * sine.new_tensor([[-1.0], [1.0]])

    def __call__(self, adapter: str, ids: Tensor, start: int, rows: int = 1) -> Tensor:
        """As `Forward` says."""
        self._selection.adapter = adapter
        count, end = len(ids), start + len(ids)
        first, mask = self._seen(start, end)
        cosine, sine = self._cosine[start:end], self._sine[start:end]
        hidden = functional.embedding(ids, self._embedding)
        for layer in self._layers:
            qkv = layer.qkv(self._normalized(hidden, layer.before_attention)).view(count, -1, 2, self._size // 2)
            turning, new_values = qkv.split([self._heads + self._heads_of_keys, self._heads_of_keys], dim=1)
            # A pair (x, y) turns to (x cos - y sin, y cos + x sin).
            turned = torch.addcmul(turning * cosine, turning.flip(2), sine).flatten(2)
            keys, values = layer.keys[adapter], layer.values[adapter]
            keys[start:end], values[start:end] = turned[:, self._heads :], new_values.flatten(2)
            attended = self._attended(turned[:, : self._heads], keys[first:end], values[first:end], mask)
            hidden = hidden + layer.o(attended.reshape(count, -1))
            gate, up = layer.gate_up(self._normalized(hidden, layer.before_mlp)).chunk(2, dim=-1)
            hidden = hidden + layer.down(functional.silu(gate) * up)
        logits: Tensor = self._head(self._normalized(hidden[-rows:], self._norm))
        return logits.float()

    def _take_over(self, layer: Any, caches: tuple[str, ...], shape: tuple[int, ...]) -> _Layer:
        attention, mlp = layer.self_attn, layer.mlp
        return _Layer(
            layer.input_layernorm.weight,
            attention.qkv_proj,
            attention.o_proj,
            layer.post_attention_layernorm.weight,
            mlp.gate_up_proj,
            mlp.down_proj,
            {name: self._embedding.new_zeros(shape) for name in caches},
            {name: self._embedding.new_zeros(shape) for name in caches},
        )

    def _seen(self, start: int, end: int) -> tuple[int, Tensor | None]:
        """The first token that any of the new ones sees, and which of them sees which; None: all."""
        if end - start == 1:
            return max(0, end - self._window), None
        places, before = torch.arange(start, end)[:, None], torch.arange(end)
        return 0, (before <= places) & (before > places - self._window)

    def _attended(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """What tokens see of those that the cache holds; all of shape (tokens, heads, size)."""
        if mask is None and queries.dtype == torch.bfloat16:
            return self._attended_by_one(queries, keys.flatten(1), values.flatten(1))
        grouping = self._heads != self._heads_of_keys
        q, k, v = (one.transpose(0, 1)[None] for one in (queries, keys, values))
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouping)
        return attended[0].transpose(0, 1)

    def _attended_by_one(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Of one token, by one product for all heads, each with zeros at the places of the others.

        In bfloat16 torch's own takes six times as long (464 tokens of Phi-3-mini: 2.5 ms a layer, and 0.4).
        """
        grouped = query.view(self._heads_of_keys, -1, 1, self._size) * self._alone
        scores = torch.mm(keys, grouped.view(self._heads, -1).t())
        mixed = torch.mm(scores.t().softmax(dim=-1), values)
        mixed = mixed.view(self._heads_of_keys, -1, self._heads_of_keys, self._size)
        return mixed.diagonal(dim1=0, dim2=2).permute(2, 0, 1)

    def _normalized(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(hidden, weight.shape, weight, self._epsilon)


def why_not(config: Any) -> str:
    """What keeps a model from being one that is computed here; "" where nothing does."""
    if config.model_type != "phi3":
        return f"a model of type {config.model_type}"
    if config.hidden_act != "silu" or (config.rope_parameters or {}).get("partial_rotary_factor", 1.0) != 1.0:
        return "this kind of Phi-3"
    return ""
