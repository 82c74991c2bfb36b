"""Fitting a model's 4-bit layers to the processor."""

from typing import Any

from phied_robot.language_model.four_bit import is_slow
from phied_robot.language_model.linear import AdaptedLinear, MergedLinear, Selection


def fit(model: Any, *, small: bool) -> str:
    """Replace the 4-bit layers by what computes fastest here; a sentence that says so comes back.

    bitsandbytes' 4-bit product is fast where the processor has AVX512-BF16, and tens of times slower elsewhere.

    Args:
        model: with `Linear4bit` layers; it is changed in place.
        small: whether the weights fit the memory in float32 with ease; then they keep NF4's values exactly.
    """
    if small:
        to_float32(model)
        for name, module in list(model.named_modules()):
            if isinstance(module, AdaptedLinear):
                plain: Any = module.base.weight
                model.set_submodule(name, MergedLinear(plain, module.branches, module.selection))
        model.set_output_embeddings(MergedLinear(model.get_output_embeddings().weight, {}, Selection()))
        return "the processor, in float32"
    if _has_fbgemm():
        _shorten_head(model)
    if not is_slow("cpu"):
        return "the processor, 4 bits in its AVX512-BF16 instructions"
    if takes_8_bits():
        _replace(model, _int8)
        return "the processor, in 8 bits (it has no AVX512-BF16)"
    return "the processor, 4 bits without special instructions (slow)"


def takes_8_bits() -> bool:
    """Whether `fit` puts the 4-bit layers of a large model into 8."""
    return is_slow("cpu") and _has_fbgemm()


def to_float32(model: Any) -> None:
    """Replace the 4-bit layers of a model, in place, by float32 ones of NF4's values as a GPU unpacks them."""
    _replace(model, _float32)


def _has_fbgemm() -> bool:
    from torch.backends import quantized

    return "fbgemm" in quantized.supported_engines


def _shorten_head(model: Any) -> None:
    """Put the output head, the largest of all layers and not in 4 bits, into 8."""
    model.set_output_embeddings(_int8(model.get_output_embeddings().weight.float()))


def _replace(model: Any, make: Any) -> None:
    import torch
    from bitsandbytes.nn import Linear4bit

    for name, module in list(model.named_modules()):
        if isinstance(module, Linear4bit):
            model.set_submodule(name, make(_dequantized(module)))
    torch.nn.Module.float(model)  # transformers' own refuses for a model that was loaded in 4 bits
    for module in model.modules():
        if isinstance(module, AdaptedLinear):
            module.branches = {name: (a.float(), b.float()) for name, (a, b) in module.branches.items()}


def _dequantized(layer: Any) -> Any:
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()


def _float32(weight: Any) -> Any:
    from torch.nn import Linear
    from torch.nn.utils import skip_init

    layer: Any = skip_init(Linear, weight.shape[1], weight.shape[0], bias=False)  # type: ignore[no-untyped-call]
    layer.weight.data = weight
    return layer


def _int8(weight: Any) -> Any:
    from torch.backends import quantized

    from phied_robot.language_model.int8 import Int8Linear

    quantized.engine = "fbgemm"
    return Int8Linear(weight)
