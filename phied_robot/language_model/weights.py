"""Reading a folder that holds a model, by way of transformers and never from the network."""

from pathlib import Path
from typing import Any

from phied_robot.language_model.sources import ModelError


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
