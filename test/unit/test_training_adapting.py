"""What training computes: on which layers, on which tokens, and with the gradients that it should have."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tiny_phi3
import torch
import training_runs
from bitsandbytes.functional import dequantize_4bit, has_avx512bf16
from bitsandbytes.nn import Linear4bit
from transformers import LlamaConfig, LlamaForCausalLM

from phied_robot.language_model.adapters import TARGETS
from phied_robot.language_model.four_bit import keep_unpacked
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.language_model.weights import load_quantized, load_tokenizer
from phied_robot.training import adapting
from phied_robot.training.adapting import check_targets, make_adapted
from phied_robot.training.encoding import read_part
from phied_robot.training.trainer import make_trainer

LAYER = "model.layers.0.mlp.down_proj"
IDS = torch.tensor([[7, 40, 41, 42, 9, 100, 101, 30]])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def packing_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that repacks 4-bit weights at an evaluation; the repacking itself is torch and runs everywhere."""
    if not has_avx512bf16():
        print("no AVX512-BF16 here: the repacking runs, the product of packed weights cannot and is not tested")
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: True)


def evaluate(model: Any) -> None:
    """One forward pass as an evaluation makes it; where the product of packed weights is missing it ends there."""
    with torch.no_grad():
        try:
            model.eval()(input_ids=IDS)
        except (RuntimeError, NotImplementedError, AttributeError):
            assert not has_avx512bf16()


def values(model: Any) -> torch.Tensor:
    layer = model.get_submodule(LAYER)
    return dequantize_4bit(layer.weight.data, layer.weight.quant_state).float().flatten()


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([one, other]))[0, 1])


@pytest.mark.usefixtures("packing_processor")
def test_without_the_guard_an_evaluation_permutes_the_weights_and_with_it_none_changes() -> None:
    before = values(load_quantized(tiny_phi3.base_folder(), "cpu"))
    unguarded = load_quantized(tiny_phi3.base_folder(), "cpu")
    layer = unguarded.get_submodule(LAYER).eval()
    with torch.no_grad():
        evaluate(unguarded)
        try:
            layer(torch.ones(1, layer.in_features))
        except (RuntimeError, NotImplementedError, AttributeError):
            assert not has_avx512bf16()
    assert layer.weight.quant_state.packing_format_for_cpu
    with pytest.raises(ModelError, match="repacked for fast answers"):
        keep_unpacked(unguarded)
    guarded = load_quantized(tiny_phi3.base_folder(), "cpu")
    keep_unpacked(guarded)
    evaluate(guarded)
    assert torch.equal(values(guarded), before)


@pytest.mark.usefixtures("packing_processor")
def test_after_an_evaluation_all_gradients_are_those_of_full_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = training_runs.configured(tmp_path, dropout=0)

    def gradients(*, in_float32: bool) -> dict[str, torch.Tensor]:
        monkeypatch.setattr(adapting, "is_slow", lambda _device: in_float32)
        model = make_adapted(training_runs.base(), configuration, "cpu", torch.float32)
        kinds = {
            isinstance(module, Linear4bit) for name, module in model.named_modules() if name.endswith("base_layer")
        }
        assert kinds == {not in_float32}
        torch.manual_seed(1)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:  # begins at zero, where A has no gradient yet
                torch.nn.init.normal_(parameter, std=0.05)
        with torch.no_grad():
            model.eval()(input_ids=IDS)
        model.train()(input_ids=IDS, labels=IDS).loss.backward()
        return {name: one.grad for name, one in model.named_parameters() if one.requires_grad and one.grad is not None}

    found, reference = gradients(in_float32=False), gradients(in_float32=True)
    assert len(found) == 2 * len(TARGETS) * 2  # A and B of each kind in both layers
    assert found.keys() == reference.keys()
    for name, gradient in found.items():
        assert gradient.abs().max() > 0, name
        # The weights of one are rounded to bf16, one part in 256; permuted ones would be off by more than 1.
        assert (gradient - reference[name]).norm() < 0.05 * reference[name].norm(), name


def test_a_base_of_another_family_is_refused_with_what_is_missing() -> None:
    with torch.device("meta"):
        llama = LlamaForCausalLM(LlamaConfig(hidden_size=64, intermediate_size=64, num_hidden_layers=1, vocab_size=64))
    with pytest.raises(ModelError, match=r"no module qkv_proj, gate_up_proj .*: take a Phi-3 model"):
        check_targets(llama)


def trainer_of(folder: Path, *, evaluated: bool, **settings: Any) -> Any:
    configuration = training_runs.configured(folder, **settings)
    base = Path(resolve(configuration.base).base)
    tokenizer = load_tokenizer(base)
    part = read_part(configuration.train, "strategy", tokenizer, configuration.max_tokens)
    model = make_adapted(base, configuration, "cpu", torch.float32)
    return make_trainer(
        model, tokenizer, configuration, part, part if evaluated else None, folder / "checkpoints", torch.float32, []
    )


def test_examples_in_one_row_do_not_see_each_other_and_prompts_are_not_learned(tmp_path: Path) -> None:
    packed = trainer_of(tmp_path, evaluated=True, base="demo", dropout=0)
    row = next(iter(packed.get_eval_dataloader()))
    assert len(packed.eval_dataset) < 12
    learned = packed.processing_class.decode(row["labels"][row["labels"] != -100])
    assert set(learned.replace("<|end|>", "")) <= set("BFG")
    starts = [*torch.nonzero(row["position_ids"][0] == 0).flatten().tolist(), row["input_ids"].shape[1]]
    assert len(starts) > 2
    model = packed.model.eval()
    with torch.no_grad():
        together = model(input_ids=row["input_ids"], position_ids=row["position_ids"]).logits[0]
        for first, last in pairwise(starts):
            alone = model(input_ids=row["input_ids"][:, first:last]).logits[0]
            assert torch.allclose(together[first:last], alone, atol=1e-3)


def test_the_loss_curve_on_the_demo_model(tmp_path: Path) -> None:
    settings = {"steps": 5, "accumulation": 1, "max_tokens": 512, "learning_rate": 2e-3}
    trainer = trainer_of(tmp_path, evaluated=False, base="demo", dropout=0, **settings)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses == pytest.approx([5.62, 6.19, 4.34, 3.27, 2.96], abs=0.05)
