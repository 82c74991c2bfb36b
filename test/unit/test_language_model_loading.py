"""Loading a 4-bit base with its adapters, and refusing what does not fit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_phi3
import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from safetensors.torch import load_file, save_file

from phied_robot.language_model import cpu, linear, loading
from phied_robot.language_model.linear import MergedLinear
from phied_robot.language_model.loading import LoadedModel, load
from phied_robot.language_model.memory import WORKSPACE, bytes_in_bf16, bytes_in_int8, bytes_in_nf4, check_memory
from phied_robot.language_model.sources import ModelError, ModelSource, resolve
from phied_robot.language_model.weights import load_quantized, make_skeleton

LINEARS_PER_LAYER = 4


@pytest.fixture
def base() -> str:
    return str(tiny_phi3.base_folder())


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load(resolve(str(tiny_phi3.tutor_folder())), device="cpu")


def logits(loaded: LoadedModel) -> torch.Tensor:
    with torch.inference_mode():
        return loaded.model(torch.tensor([[7, 20, 33, 50]]).to(loaded.device)).logits.float().cpu()


def test_every_linear_layer_is_nf4_with_double_quantization_and_computes_in_bf16() -> None:
    model = load_quantized(tiny_phi3.tutor_folder(), "cpu")
    layers = [module for module in model.modules() if isinstance(module, Linear4bit)]
    assert len(layers) == 2 * LINEARS_PER_LAYER
    assert {layer.weight.quant_state.quant_type for layer in layers} == {"nf4"}
    assert all(layer.weight.quant_state.nested for layer in layers)
    assert {layer.compute_dtype for layer in layers} == {torch.bfloat16}


def test_a_small_model_keeps_the_values_of_nf4_and_computes_them_in_float32_on_the_processor(
    loaded: LoadedModel,
) -> None:
    stored = load_quantized(tiny_phi3.tutor_folder(), "cpu").get_submodule("model.layers.0.self_attn.o_proj")
    served = loaded.model.get_submodule("model.layers.0.self_attn.o_proj").weights[""].to_dense()
    assert served.dtype == torch.float32
    assert torch.equal(served, dequantize_4bit(stored.weight.data, stored.weight.quant_state).float())
    assert "float32" in loaded.engine


def test_both_adapters_are_resident_on_every_linear_layer_and_frozen(loaded: LoadedModel) -> None:
    assert loaded.adapters == ("strategy", "response")
    merged = [module for module in loaded.model.modules() if isinstance(module, MergedLinear)]
    assert len(merged) == 2 * LINEARS_PER_LAYER + 1
    assert [set(module.weights) for module in merged[:-1]] == [{"", "strategy", "response"}] * (len(merged) - 1)
    assert not any(weight.requires_grad for weight in loaded.model.parameters())


@pytest.mark.parametrize("onednn", [True, False])
def test_merged_layers_give_what_a_layer_and_its_branch_give(monkeypatch: pytest.MonkeyPatch, onednn: bool) -> None:
    monkeypatch.setattr(linear, "HAS_ONEDNN", onednn and linear.HAS_ONEDNN)
    weight, a, b = torch.randn(24, 40), torch.randn(3, 40), torch.randn(24, 3)
    selection = linear.Selection()
    merged = MergedLinear(weight, {"response": (a, b)}, selection)
    for adapter, expected in (("", weight), ("response", weight + b @ a), ("strategy", weight)):
        selection.adapter = adapter
        for rows in (1, 7, 40):
            x = torch.randn(rows, 40)
            assert torch.allclose(merged(x), x @ expected.t(), atol=1e-4)
            assert torch.allclose(merged(x[None]), x[None] @ expected.t(), atol=1e-4)


def test_a_stored_nf4_checkpoint_is_the_same_model_as_one_quantized_while_loading(base: str) -> None:
    stored = load(ModelSource(str(tiny_phi3.tutor_folder())), device="cpu")
    assert torch.equal(logits(stored), logits(load(ModelSource(base), device="cpu")))


def test_progress_rises_and_says_what_is_done(base: str) -> None:
    steps: list[tuple[float, str]] = []
    load(ModelSource(base), device="cpu", progress=lambda fraction, says: steps.append((fraction, says)))
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert all(0 <= fraction < 1 and says for fraction, says in steps)


def test_layers_whose_shape_the_packed_cpu_format_cannot_hold_still_work(tmp_path: Path) -> None:
    odd = tiny_phi3.make_base(tmp_path / "odd", intermediate_size=72)
    assert logits(load(ModelSource(str(odd)), device="cpu")).isfinite().all()


def test_loading_prints_nothing_and_reaches_for_no_network() -> None:
    code = """
import socket, sys
def refuse(*_): raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
from phied_robot.language_model.generation import TutorModel
from phied_robot.language_model.loading import load
from phied_robot.language_model.sources import resolve
TutorModel(load(resolve(sys.argv[1]), device="cpu")).warm_up()
"""
    command = [sys.executable, "-c", code, str(tiny_phi3.tutor_folder())]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def refusal(source: ModelSource, **how: Any) -> str:
    with pytest.raises(ModelError) as caught:
        load(source, device="cpu", **how)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def changed_copy(adapter: Path, target: Path, change: Any) -> Path:
    shutil.copytree(adapter, target)
    tensors = load_file(target / "adapter_model.safetensors")
    save_file(change(tensors), target / "adapter_model.safetensors")
    return target


def test_an_adapter_for_a_base_of_another_width_is_refused(tmp_path: Path, base: str) -> None:
    wider = tiny_phi3.make_base(tmp_path / "wider", hidden=128)
    adapter = tiny_phi3.make_adapter(tmp_path / "adapter", wider)
    says = refusal(ModelSource(base, adapters={"response": str(adapter)}))
    assert "'response'" in says and "for another base" in says and "128" in says


def test_an_adapter_for_a_base_with_more_layers_is_refused(tmp_path: Path, base: str) -> None:
    deeper = tiny_phi3.make_base(tmp_path / "deeper", layers=3)
    adapter = tiny_phi3.make_adapter(tmp_path / "adapter", deeper)
    assert "no place for base_model.model.model.layers.2" in refusal(
        ModelSource(base, adapters={"strategy": str(adapter)})
    )


@pytest.mark.parametrize("targets", [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"]])
def test_an_adapter_whose_target_modules_the_base_lacks_is_refused(
    tmp_path: Path, base: str, targets: list[str]
) -> None:
    adapter = tiny_phi3.make_adapter(tmp_path / "adapter", Path(base), targets=["o_proj"])
    settings = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**settings, "target_modules": targets}))
    says = refusal(ModelSource(base, adapters={"strategy": str(adapter)}))
    assert "'strategy'" in says and "for another base" in says and "q_proj" in says


def test_an_adapter_that_lacks_a_tensor_is_refused(tmp_path: Path, base: str) -> None:
    whole = tiny_phi3.tutor_folder() / "adapters" / "response"
    broken = changed_copy(whole, tmp_path / "broken", lambda tensors: dict(list(tensors.items())[1:]))
    assert "is not complete" in refusal(ModelSource(base, adapters={"response": str(broken)}))


def test_an_adapter_cut_off_in_the_middle_of_its_file_is_refused(tmp_path: Path, base: str) -> None:
    broken = Path(shutil.copytree(tiny_phi3.tutor_folder() / "adapters" / "response", tmp_path / "broken"))
    weights = broken / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "cannot be read" in refusal(ModelSource(base, adapters={"response": str(broken)}))


def test_an_adapter_of_another_kind_is_refused(tmp_path: Path, base: str) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "PREFIX_TUNING"}')
    assert "PREFIX_TUNING" in refusal(ModelSource(base, adapters={"response": str(tmp_path)}))


def test_a_base_without_weights_is_refused(tmp_path: Path, base: str) -> None:
    shutil.copytree(base, tmp_path / "empty", ignore=shutil.ignore_patterns("*.safetensors"))
    assert str(tmp_path / "empty") in refusal(ModelSource(str(tmp_path / "empty")))


def test_a_base_that_lacks_a_tensor_is_refused(tmp_path: Path, base: str) -> None:
    broken = Path(shutil.copytree(base, tmp_path / "broken"))
    tensors = load_file(broken / "model.safetensors")
    del tensors["model.layers.1.mlp.down_proj.weight"]
    save_file(tensors, broken / "model.safetensors", {"format": "pt"})
    assert "model.layers.1.mlp.down_proj.weight is missing" in refusal(ModelSource(str(broken)))


def test_a_base_cut_off_in_the_middle_of_its_file_is_refused(tmp_path: Path, base: str) -> None:
    broken = Path(shutil.copytree(base, tmp_path / "broken"))
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:9000])
    assert f"model {broken} cannot be loaded" in refusal(ModelSource(str(broken)))


def test_a_base_quantized_in_another_way_is_refused(tmp_path: Path, base: str) -> None:
    other = Path(shutil.copytree(base, tmp_path / "gptq"))
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "gptq"}}))
    assert "stored quantized by gptq" in refusal(ModelSource(str(other)))


def test_a_tokenizer_without_a_chat_template_is_refused(tmp_path: Path, base: str) -> None:
    shutil.copytree(base, tmp_path / "plain", ignore=shutil.ignore_patterns("chat_template.jinja"))
    assert "has no chat template" in refusal(ModelSource(str(tmp_path / "plain")))


def test_an_unknown_device_is_refused(base: str) -> None:
    with pytest.raises(ModelError, match="'tpu' is none of auto, cuda and cpu"):
        load(ModelSource(base), device="tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(base: str) -> None:
    with pytest.raises(ModelError, match="no GPU"):
        load(ModelSource(base), device="cuda")


@pytest.mark.parametrize("bits", [4, 8])
def test_a_large_model_takes_what_the_processor_has_and_says_nearly_the_same(
    base: str, monkeypatch: pytest.MonkeyPatch, bits: int
) -> None:
    exact = logits(load(ModelSource(base), device="cpu"))
    monkeypatch.setattr(loading, "SMALL", 0)
    if bits == 8:
        monkeypatch.setattr(cpu, "is_slow", lambda _device: True)
    large = load(ModelSource(base), device="cpu")
    assert not large.small and ("8 bits" if bits == 8 or cpu.takes_8_bits() else "4 bits") in large.engine
    assert float(torch.corrcoef(torch.stack([logits(large).float().flatten(), exact.flatten()]))[0, 1]) > 0.995


def test_eight_bits_need_a_byte_a_weight_and_float32_embeddings(base: str) -> None:
    skeleton = make_skeleton(Path(base))
    layers = sum(module.weight.numel() for module in skeleton.modules() if isinstance(module, torch.nn.Linear))
    assert bytes_in_int8(skeleton) - WORKSPACE == layers + 4 * skeleton.get_input_embeddings().weight.numel()


def test_a_model_beyond_the_free_memory_is_refused_with_both_figures(base: str) -> None:
    skeleton = make_skeleton(Path(base))
    with torch.device("meta"):
        skeleton.head = torch.nn.Linear(10**7, 10**7)  # 10**14 weights
    with pytest.raises(ModelError, match=r"the model needs 480\d\d\.\d GiB of memory and \d+\.\d GiB are free"):
        check_memory(bytes_in_nf4(skeleton), "cpu", "the model")
    with pytest.raises(ModelError, match=r"merging needs 1862\d\d\.\d GiB"):
        check_memory(bytes_in_bf16(skeleton), "cpu", "merging")
