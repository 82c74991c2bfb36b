"""Whether a model fits into the memory that is free."""

from typing import Any

from phied_robot.language_model.sources import ModelError

MIB, GIB = 2**20, 2**30
WORKSPACE = GIB // 2
GRAPHS = 0.8 * GIB
"""What CUDA graphs take beside the caches, with scales and adapters as they read them (Phi-3-mini on an H200: 4.48 GiB,
of which the model 2.20 and two caches of 2,048 tokens 1.50)."""
NF4_BYTES = 0.516
"""Bytes a quantized weight: 4 bits, 8 bits of scale for each 64 weights, and the scales of the scales."""


def bytes_in_bf16(skeleton: Any) -> float:
    """Memory of a model without quantization, with room to work in."""
    return 2 * _weights(skeleton) + WORKSPACE


def bytes_in_float32(skeleton: Any, copies: int = 1) -> float:
    """Memory of a model in float32, so many times, with room to work in."""
    return 4 * copies * _weights(skeleton) + WORKSPACE


def bytes_in_nf4(skeleton: Any) -> float:
    """Memory of a model whose linear layers are quantized (the output head is not), with room to work in."""
    from torch.nn import Linear

    layers = [module for name, module in skeleton.named_modules() if isinstance(module, Linear) and name != "lm_head"]
    quantized = sum(layer.weight.numel() for layer in layers)
    return quantized * NF4_BYTES + 2 * (_weights(skeleton) - quantized) + WORKSPACE


def bytes_in_int8(skeleton: Any) -> float:
    """Memory of a model whose linear layers, the output head too, are in 8 bits and the rest in float32, with room."""
    from torch.nn import Linear

    layers = sum(module.weight.numel() for module in skeleton.modules() if isinstance(module, Linear))
    embeddings = skeleton.get_input_embeddings().weight.numel()
    return float(layers + 4 * embeddings + WORKSPACE)


def bytes_of_caches(config: Any, context: int, caches: int, item: int) -> float:
    """Memory for the keys and values of `context` tokens in each cache, in numbers of `item` bytes."""
    heads = config.num_key_value_heads * (config.hidden_size // config.num_attention_heads)
    return float(2 * config.num_hidden_layers * heads * item * context * caches)


def free_memory(device: str) -> int:
    """Bytes that are free on "cuda" or "cpu"."""
    import psutil  # type: ignore[import-untyped]
    import torch

    return int(torch.cuda.mem_get_info()[0] if device == "cuda" else psutil.virtual_memory().available)


def check_memory(needed: float, device: str, purpose: str, advice: str = "take a smaller model") -> None:
    """Refuse what the device's free memory cannot hold.

    Args:
        needed: bytes.
        device: "cuda" or "cpu".
        purpose: what the memory is for, as the sentence's subject.
        advice: what helps besides closing other programs.

    Raises:
        ModelError: with both figures.
    """
    free = free_memory(device)
    if needed > free:
        place = "GPU memory" if device == "cuda" else "memory"
        raise ModelError(
            f"{purpose} needs {needed / GIB:.1f} GiB of {place} and {free / GIB:.1f} GiB are free: "
            f"close other programs or {advice}"
        )


def _weights(skeleton: Any) -> int:
    return sum(parameter.numel() for parameter in skeleton.parameters())
