"""Reading a folder that holds a model, by way of transformers and never from the network."""

from pathlib import Path
from typing import Any

from phied_robot.language_model.sources import ModelError, read_json


def make_skeleton(folder: Path) -> Any:
    """The model without its weights, to know its modules and their shapes."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)


def read_weights(folder: Path, device: str, **how: Any) -> Any:
    """The model with its weights in bf16, or as `how` (arguments of transformers) says.

    Raises:
        ModelError: a tensor is missing; transformers would make it up.
    """
    import torch
    from transformers import AutoModelForCausalLM

    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, device_map={"": device}, local_files_only=True, output_loading_info=True, **how
    )
    if report["missing_keys"]:
        raise ModelError(f"the weights of {folder} are not complete: {min(report['missing_keys'])} is missing")
    return model


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer, which must have a chat template."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not tokenizer.chat_template:
        raise ModelError(f"the tokenizer of {folder} has no chat template: take an instruction-tuned model")
    return tokenizer


def load_quantized(folder: Path, device: str) -> Any:
    """The model in NF4: quantized now, or as it is where it is stored so."""
    import torch
    from bitsandbytes.nn import Linear4bit
    from transformers import BitsAndBytesConfig

    stored = read_json(str(folder), "config.json").get("quantization_config")
    if stored is not None and stored.get("bnb_4bit_quant_type") != "nf4":
        method = stored.get("quant_method", "an unknown method")
        raise ModelError(f"{folder} is stored quantized by {method}: take the unquantized model, or one in NF4")
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    model = read_weights(folder, device, **({} if stored else {"quantization_config": nf4}))
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.compute_dtype = torch.bfloat16  # a stored checkpoint may say fp32, which is slow in silence
            if module.out_features % 32 or module.in_features % 64:
                module.support_avx512bf16_for_cpu = False  # its packed layout has no room for such shapes
    return model
