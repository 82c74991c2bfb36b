"""Attention within each example of a packed row, on GPUs.

A mask that keeps the examples apart costs as much as if they did see each other, the square of a batch's tokens; and
where cuDNN computes it, planning it for the ever new lengths of batches takes the host ten times as long as the step.
"""

from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward

NAME = "within_examples"


def attend_within_examples(model: Any, dtype: torch.dtype) -> None:
    """Have a transformers model on a GPU do so; it stays as it is where torch's kernel is not to be had.

    Args:
        model: that computes in `dtype`.
        dtype: bfloat16 on NVIDIA's GPUs since Ampere, on which the kernel runs.
    """
    if dtype == torch.bfloat16 and torch.version.cuda is not None:
        AttentionInterface.register(NAME, _attention)
        model.set_attn_implementation(NAME)


def _attention(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, **more: Any
) -> tuple[Any, None]:
    """Of tensors of shape (1, heads, tokens, size): one example, or those that begin where `more` says."""
    begins = more.get("cu_seq_lens_q")
    if begins is None:
        return sdpa_attention_forward(module, query, key, value, mask, **more)[0], None
    key, value = (repeat_kv(one, module.num_key_value_groups) for one in (key, value))
    query, key, value = (one[0].transpose(0, 1) for one in (query, key, value))
    longest, window = more["max_length_q"], more["sliding_window"]
    behind = (-1 if window is None else window - 1, 0)
    out: Any = varlen_attn(
        query, key, value, begins, begins, longest, longest, scale=more["scaling"], window_size=behind
    )
    return out[None], None
