"""The demo model's network: Phi-3 of 17 M parameters, its 4-bit form, and its adapters."""

from pathlib import Path
from typing import Any

from phied_robot.language_model.adapters import TARGETS


def new_base(tokenizer: Any) -> Any:
    """A Phi3ForCausalLM with random weights (sizes: the trial in facts on the demo model)."""
    from transformers import Phi3Config, Phi3ForCausalLM

    end = tokenizer.convert_tokens_to_ids("<|end|>")
    config = Phi3Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=384,
        intermediate_size=1024,
        num_hidden_layers=8,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=1024,
        original_max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=[end, tokenizer.eos_token_id],
    )
    return Phi3ForCausalLM(config)


def unquantized(folder: Path) -> Any:
    """The base of a finished demo model in float32, to be trained further."""
    import torch

    return load_quantized(folder).dequantize(dtype=torch.float32).float()


def quantize(folder: Path, quantized: Path) -> None:
    """Store the bf16 checkpoint in `folder` as NF4 with double quantization, the embeddings in bf16."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    four_bit = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    model = AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=four_bit, dtype=torch.bfloat16, device_map={"": _device()}
    )
    model.save_pretrained(quantized)


def load_quantized(folder: Path) -> Any:
    """The 4-bit base, ready for adapters."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, device_map={"": _device()})
    for module in model.modules():
        # On the CPU bitsandbytes repacks weights at the first evaluation, after which gradients are lost.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model


def with_new_adapter(model: Any, name: str) -> Any:
    """The model with a fresh LoRA adapter (r 16, alpha 32) on all four kinds of linear layer."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules=list(TARGETS), task_type="CAUSAL_LM")
    return get_peft_model(model, config, adapter_name=name)


def save_adapter(model: Any, name: str, folder: Path) -> None:
    """Write the adapter `name` in PEFT's format, in bf16, into `folder`."""
    import torch

    for parameter_name, parameter in model.named_parameters():
        if f".{name}." in parameter_name:
            parameter.data = parameter.data.to(torch.bfloat16)
    # Where the base stood during training means nothing on another machine.
    model.peft_config[name].base_model_name_or_path = "demo"
    model.save_pretrained(folder / name, selected_adapters=[name])
    written = folder / name / name
    for path in written.iterdir():
        path.rename(folder / name / path.name)
    written.rmdir()


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
