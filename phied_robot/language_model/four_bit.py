"""4-bit layers that keep their layout, for training, merging and measuring."""

from typing import Any

from phied_robot.language_model.sources import ModelError


def is_slow(device: str) -> bool:
    """Whether 4-bit layers take some 50 times as long as float32 ones: on processors without AVX512-BF16."""
    from bitsandbytes.functional import has_avx512bf16

    return device == "cpu" and not has_avx512bf16()


def keep_unpacked(model: Any) -> None:
    """Forbid bitsandbytes to repack 4-bit weights.

    On CPUs with AVX512-BF16 a Linear4bit repacks its weights in place at its first evaluation. What trains, merges or
    dequantizes afterwards reads them permuted, without an error: gradients are lost and merged weights are noise.

    Raises:
        ModelError: a layer is packed already; the model has to be loaded again.
    """
    from bitsandbytes.nn import Linear4bit

    for name, module in model.named_modules():
        if isinstance(module, Linear4bit):
            if getattr(module.weight.quant_state, "packing_format_for_cpu", False):
                raise ModelError(f"{name} was repacked for fast answers on the CPU: load the model again to change it")
            module.support_avx512bf16_for_cpu = False


def store_as(model: Any, dtype: Any) -> None:
    """Let the bytes of 4-bit weights pass for a floating-point torch dtype: FSDP divides no others among processes."""
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.quant_state = module.weight.quant_state  # a divided weight loses its own
            module.weight.data = module.weight.data.flatten().view(dtype).unsqueeze(1)
            module.weight.quant_storage = module.quant_storage = dtype


def compute_in(model: Any, dtype: Any) -> None:
    """Let 4-bit layers compute in a torch dtype, and store all other frozen weights in it."""
    from bitsandbytes.nn import Linear4bit, Params4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.compute_dtype = dtype
            module.compute_type_is_set = True
    for parameter in model.parameters():
        if not isinstance(parameter, Params4bit) and parameter.is_floating_point():
            parameter.data = parameter.data.to(dtype)
    model.config.dtype = dtype
