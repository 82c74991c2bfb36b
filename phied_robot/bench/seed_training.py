"""The baseline: training as the seed guide does it, with what makes it slow and what makes it learn the wrong thing.

Two mistakes would keep it from running at all and are mended: it gives the trainer no labels, and it names arguments
that transformers no longer has. On the CPU, where its fp16 does not exist, it computes in float32.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from phied_robot.language_model.cpu import to_float32
from phied_robot.language_model.four_bit import is_slow, keep_unpacked
from phied_robot.training.encoding import Encoded

MOST_TOKENS = 512
BATCH = 4
ACCUMULATION = 4
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]
"""Of which Phi-3 has the last alone; PEFT trains that one and says nothing."""


def load_adapted(folder: Path, device: str) -> Any:
    """The base in NF4 with double quantization, fp16 compute and the guide's LoRA."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    compute = torch.float16 if device == "cuda" else torch.float32
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute, bnb_4bit_use_double_quant=True
    )
    model = AutoModelForCausalLM.from_pretrained(folder, quantization_config=nf4, device_map={"": device})
    if device == "cpu":
        if is_slow(device):
            to_float32(model)
        torch.nn.Module.float(model)
    keep_unpacked(model)
    lora = LoraConfig(
        r=16, lora_alpha=32, target_modules=TARGETS, lora_dropout=0.05, bias="none", task_type="CAUSAL_LM"
    )
    return get_peft_model(model, lora)


def make_seed_trainer(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Encoded],
    scratch: Path,
    counted: Callable[[Any, Callable[[Any], int]], Any],
) -> Any:
    """The guide's trainer: examples padded to the longest of four, the loss over prompt and answer, AdamW.

    Args:
        model: as `load_adapted` gives it.
        tokenizer: of the base.
        examples: what is learned from, cut off after 512 tokens.
        scratch: a folder that the trainer may write to.
        counted: wraps a collator so that what a function counts in its features is added up.
    """
    from datasets import Dataset
    from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments

    rows = [
        {
            "input_ids": (one.prompt + one.learned)[:MOST_TOKENS],
            "answer_tokens": min(len(one.learned), max(0, MOST_TOKENS - len(one.prompt))),
        }
        for one in examples
    ]
    pad = DataCollatorForLanguageModeling(tokenizer, mlm=False)

    def collate(features: list[dict[str, Any]]) -> Any:
        return pad([{"input_ids": one["input_ids"]} for one in features])

    on_gpu = next(model.parameters()).is_cuda
    settings = TrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        gradient_accumulation_steps=ACCUMULATION,
        learning_rate=2e-4,
        fp16=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    return Trainer(
        model=model,
        args=settings,
        train_dataset=Dataset.from_list(rows),
        data_collator=counted(collate, lambda features: sum(one["answer_tokens"] for one in features)),
        processing_class=tokenizer,
    )
