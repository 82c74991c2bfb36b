"""A model of Phi-3-mini's shape with random weights, made on the spot: speed does not depend on the values."""

import json
import shutil
from pathlib import Path
from typing import Any

from phied_robot.language_model.adapters import TARGETS, WEIGHTS
from phied_robot.language_model.loading import quiet_libraries
from phied_robot.language_model.sources import DEMO
from phied_robot.language_model.weights import load_quantized, make_skeleton

SHAPES: dict[str, dict[str, Any]] = {
    "phi3-mini": {
        "vocab_size": 32_064,
        "hidden_size": 3_072,
        "intermediate_size": 8_192,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "max_position_embeddings": 4_096,
        "original_max_position_embeddings": 4_096,
    }
}
"""Arguments of transformers' Phi3Config, by the names of `--random`."""
RANK = 16


def make(folder: Path, shape: dict[str, Any]) -> Path:
    """Write a base stored in NF4, with the adapters "strategy" and "response" on all four modules at rank 16.

    One layer is drawn and quantized; all layers are copies of it. The tokenizer is the demo model's, which knows the
    first of the ids alone.
    """
    quiet_libraries()
    import torch
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from safetensors.torch import load_file, save_file
    from transformers import Phi3Config, Phi3ForCausalLM

    torch.manual_seed(0)
    config = Phi3Config(**shape, pad_token_id=0, bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)
    layers, config.num_hidden_layers = config.num_hidden_layers, 1
    with torch.device("meta"):
        one_layer = Phi3ForCausalLM(config).to(torch.bfloat16)
    one_layer = one_layer.to_empty(device="cpu")
    for name, parameter in one_layer.named_parameters():
        parameter.data.fill_(1.0) if "norm" in name else parameter.data.normal_(std=0.02)
    one_layer.save_pretrained(folder / "layer")
    load_quantized(folder / "layer", "cpu").save_pretrained(folder)
    shutil.rmtree(folder / "layer")

    stored = load_file(folder / "model.safetensors")
    copies = {
        name.replace("layers.0.", f"layers.{n}."): tensor for n in range(layers) for name, tensor in stored.items()
    }
    save_file({name: tensor.clone() for name, tensor in copies.items()}, folder / "model.safetensors", {"format": "pt"})
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**settings, "num_hidden_layers": layers}), encoding="utf-8")
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(DEMO / file, folder)

    lora = LoraConfig(
        r=RANK,
        lora_alpha=2 * RANK,
        target_modules=list(TARGETS),
        task_type="CAUSAL_LM",
    )
    places = get_peft_model_state_dict(get_peft_model(make_skeleton(folder), lora))
    for adapter in ("strategy", "response"):
        tensors = {name: torch.randn(place.shape, dtype=torch.bfloat16) * 0.01 for name, place in places.items()}
        (folder / "adapters" / adapter).mkdir(parents=True)
        save_file(tensors, folder / "adapters" / adapter / WEIGHTS)
        lora.save_pretrained(folder / "adapters" / adapter)
    return folder
