"""Phi-3's forward pass over the weights of transformers' model, for a prompt and for one token of an answer."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from phied_robot.language_model import phi3 as forward
from phied_robot.language_model.adapters import TARGETS
from phied_robot.language_model.gpu.kernels import prompt as prompt_kernels
from phied_robot.language_model.gpu.kernels import row as row_kernels
from phied_robot.language_model.gpu.kernels.nf4 import BLOCK
from phied_robot.language_model.gpu.kernels.request import ADAPTER, LAST, POSITION
from phied_robot.language_model.gpu.layers import Nf4Layer, Request
from phied_robot.language_model.linear import AdaptedLinear

LOG2_E = 1.4426950408889634
WARPS = 16
SPLITS, TOKENS = 8, 64
"""Programs that share a head's attention of one token, and the tokens that each looks at together."""
QUERIES = 64
"""Tokens of a prompt whose attention is computed together."""


@dataclass
class _Layer:
    """One layer's matrices, norms, and its keys and values of shape (slots, heads, context, size)."""

    before_attention: Tensor
    qkv: Nf4Layer
    o: Nf4Layer
    before_mlp: Tensor
    gate_up: Nf4Layer
    down: Nf4Layer
    keys: Tensor
    values: Tensor


class Phi3:
    """Computes into caches that stay where they are; every step reads `request`, so that a CUDA graph can hold it."""

    def __init__(self, model: Any, adapters: tuple[str, ...], slots: int, context: int, longest: int) -> None:
        """Take over a model that `why_not` has nothing against.

        Args:
            model: transformers' Phi3ForCausalLM in NF4.
            adapters: their names; a request gives an adapter by its place among them.
            slots: caches to make.
            context: tokens of each cache.
            longest: most tokens of a prompt at once.
        """
        config, device = model.config, model.device
        self._heads, self._heads_of_keys = config.num_attention_heads, config.num_key_value_heads
        self._size = config.hidden_size // self._heads
        self._hidden, self._context = config.hidden_size, context
        self._epsilon = config.rms_norm_eps
        self._window = config.sliding_window or context
        self._embedding = model.get_input_embeddings().weight
        self._head = model.get_output_embeddings().weight
        self._norm = model.model.norm.weight
        self._rank = _rank(model)
        shape = (slots, self._heads_of_keys, context, self._size)
        self._layers = [self._take_over(layer, adapters, shape) for layer in model.model.layers]
        cosine, sine = model.model.rotary_emb(self._embedding[:1], torch.arange(context, device=device)[None])
        half = self._size // 2
        self._cosine, self._sine = cosine[0, :, :half].contiguous(), sine[0, :, :half].contiguous()

        width = self._layers[0].qkv.a.shape[0]
        self._owner = torch.arange(width, device=device) // self._rank
        self.request = Request(torch.zeros(4, dtype=torch.int32, device=device), self._embedding.new_zeros(width))
        self.ids = torch.zeros(longest, dtype=torch.long, device=device)
        self.token = torch.zeros(1, dtype=torch.long, device=device)
        self.logits = torch.zeros(config.vocab_size, device=device)
        self._partial = torch.empty(self._heads, SPLITS, self._size, device=device)
        self._weights = torch.empty(self._heads, SPLITS, device=device)

    def prompt(self, count: int) -> None:
        """From the first `count` of `ids` to the logits after the one that is the last; those behind it are padding."""
        request = self.request
        request.chosen.copy_(self._owner == request.numbers[ADAPTER.value])
        hidden = functional.embedding(self.ids[:count], self._embedding)
        for layer in self._layers:
            x = self._normalized(hidden, layer.before_attention)
            qkv = layer.qkv.rows(x, request)
            hidden = hidden + layer.o.rows(self._attended(qkv, layer, count), request)
            x = self._normalized(hidden, layer.before_mlp)
            gate, up = layer.gate_up.rows(x, request).chunk(2, dim=-1)
            hidden = hidden + layer.down.rows(up * functional.silu(gate), request)
        self._finish(hidden.index_select(0, request.numbers[LAST.value :]))

    def step(self) -> None:
        """From `token` to the logits after it; the position moves on."""
        request = self.request
        hidden = functional.embedding(self.token, self._embedding)[0]
        for layer in self._layers:
            x, low = self._normalized_row(hidden, layer.before_attention, layer.qkv)
            x, low = self._attended_row(layer.qkv.row(x, low, request), layer)
            hidden = layer.o.row(x, low, request, hidden)
            x, low = self._normalized_row(hidden, layer.before_mlp, layer.gate_up)
            x = layer.gate_up.gated_row(x, low, request)
            low = torch.empty(self._rank, device=x.device)
            row_kernels.project[(self._rank,)](
                x, layer.down.a, request.numbers, low, len(x), PADDED=_power(len(x)), RANK=self._rank, num_warps=WARPS
            )
            hidden = layer.down.row(x, low, request, hidden)
        self._finish(hidden[None])
        request.numbers[POSITION.value].add_(1)

    def _take_over(self, layer: Any, adapters: tuple[str, ...], shape: tuple[int, ...]) -> _Layer:
        def linear(module: Any) -> Nf4Layer:
            return Nf4Layer(module, adapters, self._rank, self._embedding.dtype)

        attention, mlp = layer.self_attn, layer.mlp
        return _Layer(
            layer.input_layernorm.weight,
            linear(attention.qkv_proj),
            linear(attention.o_proj),
            layer.post_attention_layernorm.weight,
            linear(mlp.gate_up_proj),
            linear(mlp.down_proj),
            self._embedding.new_zeros(shape),
            self._embedding.new_zeros(shape),
        )

    def _normalized(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(hidden, (self._hidden,), weight, self._epsilon)

    def _finish(self, last: Tensor) -> None:
        self.logits.copy_(functional.linear(self._normalized(last, self._norm), self._head)[0])

    def _attended(self, qkv: Tensor, layer: _Layer, count: int) -> Tensor:
        caches = layer.keys, layer.values
        prompt_kernels.rotate_and_store[(count, self._heads + self._heads_of_keys)](
            qkv, *caches, self._cosine, self._sine, self.request.numbers, self._context,
            self._heads, self._heads_of_keys, self._size, HALF=_power(self._size // 2), num_warps=1,
        )  # fmt: skip
        out = torch.empty(count, self._heads * self._size, dtype=qkv.dtype, device=qkv.device)
        queries = min(QUERIES, count)
        prompt_kernels.attend_causally[(-(-count // queries), self._heads)](
            qkv, *caches, self.request.numbers, out, count, self._context, self._window,
            self._heads, self._heads // self._heads_of_keys, self._size, LOG2_E * self._size**-0.5,
            PADDED=_power(self._size), QUERIES=queries, TOKENS=64, num_warps=4,
        )  # fmt: skip
        return out

    def _normalized_row(self, hidden: Tensor, weight: Tensor, following: Nf4Layer) -> tuple[Tensor, Tensor]:
        row, low = torch.empty_like(hidden), torch.empty(self._rank, device=hidden.device)
        row_kernels.normalize[(self._rank,)](
            hidden, weight, self._epsilon, following.a, self.request.numbers, row, low, len(hidden),
            PADDED=_power(len(hidden)), RANK=self._rank, num_warps=WARPS,
        )  # fmt: skip
        return row, low

    def _attended_row(self, qkv: Tensor, layer: _Layer) -> tuple[Tensor, Tensor]:
        row_kernels.attend[(self._heads, SPLITS)](
            qkv, layer.keys, layer.values, self._cosine, self._sine, self.request.numbers,
            self._partial, self._weights, self._context, self._window, self._heads,
            self._heads // self._heads_of_keys, self._size, LOG2_E * self._size**-0.5,
            HALF=_power(self._size // 2), TOKENS=TOKENS, SPLITS=SPLITS, num_warps=4,
        )  # fmt: skip
        width = self._heads * self._size
        row = torch.empty(width, dtype=qkv.dtype, device=qkv.device)
        low = torch.empty(self._rank, device=qkv.device)
        row_kernels.combine[(self._rank,)](
            self._partial, self._weights, layer.o.a, self.request.numbers, row, low, width, self._size,
            PADDED=_power(width), RANK=self._rank, SPLITS=SPLITS, num_warps=WARPS,
        )  # fmt: skip
        return row, low


def why_not(model: Any) -> str:
    """What of a model these kernels do not compute; "" where they compute all of it."""
    from bitsandbytes.nn import Linear4bit

    if trouble := forward.why_not(model.config):
        return trouble
    for name, module in model.named_modules():
        if isinstance(module, AdaptedLinear) and name.rsplit(".", 1)[-1] not in TARGETS:
            return f"an adapter of {name}"
        if isinstance(module, Linear4bit):
            state = module.weight.quant_state
            if state.blocksize != BLOCK.value or state.shape[1] % BLOCK.value or module.bias is not None:
                return f"the shape of {name}"
    return ""


def _rank(model: Any) -> int:
    """The largest rank of any adapter, filled up to a power of two that tensor cores can use."""
    branches = [
        one for module in model.modules() if isinstance(module, AdaptedLinear) for one in module.branches.values()
    ]
    return _power(max([16, *(a.shape[0] for a, _ in branches)]))


def _power(number: int) -> int:
    """The least power of two that is not less."""
    return 1 << (number - 1).bit_length()
