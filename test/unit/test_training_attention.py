"""Attention in training: every example of a packed row by itself."""

from typing import Any

import pytest
import tiny_phi3
import torch
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from phied_robot.language_model.four_bit import compute_in, keep_unpacked
from phied_robot.language_model.weights import load_quantized
from phied_robot.training.attention import NAME, attend_within_examples

EXAMPLES = ([7, 40, 41, 42, 9], [100, 101, 30, 31, 32, 33, 34], [50, 51])


def load(device: str, dtype: torch.dtype) -> Any:
    model = load_quantized(tiny_phi3.base_folder(), device)
    keep_unpacked(model)
    compute_in(model, dtype)
    return model


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU, as the kernel does")
@pytest.mark.parametrize("window", [None, 3])
def test_in_a_packed_row_each_example_is_computed_as_if_it_were_alone(window: int | None) -> None:
    model = load("cuda", torch.bfloat16)
    model.config.sliding_window = window
    rows = [{"input_ids": list(one), "labels": list(one), "seq_lengths": [len(one)]} for one in EXAMPLES]
    packed = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)(rows)
    packed = {name: value.to("cuda") if torch.is_tensor(value) else value for name, value in packed.items()}
    with torch.no_grad():
        alone = torch.cat([model(torch.tensor([one], device="cuda")).logits[0] for one in EXAMPLES])
        attend_within_examples(model, torch.bfloat16)
        together = model(**packed).logits[0]
    assert model.config._attn_implementation == NAME
    torch.testing.assert_close(together, alone, atol=0.05, rtol=0.05)


def test_an_example_alone_is_computed_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    model = load("cpu", torch.float32)
    ids = torch.tensor([EXAMPLES[0]])
    with torch.no_grad():
        before = model(ids).logits
        attend_within_examples(model, torch.bfloat16)
        assert model.config._attn_implementation == NAME
        torch.testing.assert_close(model(ids).logits, before)


def test_where_the_kernel_is_not_to_be_had_nothing_changes() -> None:
    model = load("cpu", torch.float32)
    attend_within_examples(model, torch.float32)
    assert model.config._attn_implementation == "sdpa"
