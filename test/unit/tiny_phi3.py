"""A tiny random Phi-3 on disk: its tokenizer, its weights and LoRA adapters for it."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SPECIAL_TOKENS = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
CORPUS = ["Why do plants need sunlight? A plant makes its food from light, water and air.", "Émile, größer, 🌱 naïve."]
TARGETS = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]


@cache
def tutor_folder() -> Path:
    """A base stored in NF4 with both adapters beside it, as the bundled demo is; for all tests, to be read only."""
    folder = _scratch() / "tutor"
    base = make_base(_scratch() / "base")
    store_nf4(base, folder)
    make_adapter(folder / "adapters" / "strategy", base, seed=1)
    make_adapter(folder / "adapters" / "response", base, seed=2)
    return folder


@cache
def base_folder() -> Path:
    """The unquantized base of `tutor_folder`."""
    tutor_folder()
    return _scratch() / "base"


def make_tokenizer(vocabulary: int = 512) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=SPECIAL_TOKENS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=SPECIAL_TOKENS[1:],
        chat_template=CHAT_TEMPLATE,
    )


def make_base(folder: Path, *, hidden: int = 64, layers: int = 2, context: int = 512, **shape: int) -> Path:
    """Random bf16 weights whose logits are far enough apart that rounding does not change the greedy choice."""
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    settings = {
        "vocab_size": len(tokenizer),
        "intermediate_size": 2 * hidden,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "tie_word_embeddings": True,
        **shape,
    }
    config = Phi3Config(
        hidden_size=hidden,
        num_hidden_layers=layers,
        max_position_embeddings=context,
        original_max_position_embeddings=context,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **settings,
    )
    Phi3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_adapter(folder: Path, base: Path, *, seed: int = 1, targets: list[str] | None = None) -> Path:
    """A LoRA adapter with random weights, large enough to change what the base says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    config = LoraConfig(r=8, lora_alpha=16, target_modules=targets or TARGETS, task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    adapted.save_pretrained(folder)
    return folder


def store_nf4(base: Path, folder: Path) -> Path:
    from phied_robot.language_model.weights import load_quantized

    load_quantized(base, "cpu").save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tiny_phi3-")


def _scratch() -> Path:
    return Path(_directory().name)
