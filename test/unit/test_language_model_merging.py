"""An adapter as the model: merged into its base once, and kept."""

import json
import shutil
from pathlib import Path

import pytest
import tiny_phi3
import torch
from bitsandbytes.functional import dequantize_4bit
from safetensors.torch import load_file

from phied_robot.language_model.loading import load
from phied_robot.language_model.merging import cache_folder, merged_folder
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.language_model.weights import load_quantized

LAYER = "model.layers.0.mlp.down_proj"
SCALING = 2.0  # lora_alpha 16 over r 8


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "phied_robot" / "merged"


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return tiny_phi3.make_adapter(tmp_path / "phi-ed", tiny_phi3.base_folder(), seed=5)


def delta(adapter: Path) -> torch.Tensor:
    tensors = load_file(adapter / "adapter_model.safetensors")
    a, b = (tensors[f"base_model.model.{LAYER}.lora_{side}.weight"].float() for side in "AB")
    return SCALING * b @ a


def merged_weight(folder: Path) -> torch.Tensor:
    return load_file(folder / "model.safetensors")[f"{LAYER}.weight"]


def test_the_merged_weight_is_the_bf16_base_plus_the_adapter(adapter: Path) -> None:
    base = tiny_phi3.base_folder()
    merged = merged_weight(merged_folder(base, adapter))
    assert merged.dtype == torch.bfloat16
    assert torch.allclose(merged.float(), merged_weight(base).float() + delta(adapter), atol=2e-2)


def test_a_base_stored_in_nf4_is_unpacked_before_the_adapter_is_merged(adapter: Path) -> None:
    base = tiny_phi3.tutor_folder()
    layer = load_quantized(base, "cpu").get_submodule(LAYER)
    plain = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
    assert torch.allclose(merged_weight(merged_folder(base, adapter)).float(), plain + delta(adapter), atol=2e-2)


def test_loading_an_adapter_as_the_model_serves_the_merged_model(adapter: Path, cache: Path) -> None:
    source = resolve(str(adapter), str(tiny_phi3.tutor_folder() / "adapters" / "strategy"))
    assert load(source, device="cpu").adapters == ("strategy",)
    merged = load(resolve(str(adapter)), device="cpu").model
    (kept,) = cache.iterdir()
    quantized = load_quantized(kept, "cpu").eval()
    ids = torch.tensor([[7, 20, 33]])
    with torch.inference_mode():
        # The small model computes the same 4-bit values in float32.
        torch.testing.assert_close(merged(ids).logits, quantized(ids).logits.float(), atol=0.1, rtol=0.02)


def test_merging_happens_once(adapter: Path, cache: Path, tmp_path: Path) -> None:
    base = Path(shutil.copytree(tiny_phi3.base_folder(), tmp_path / "base"))
    first = merged_folder(base, adapter)
    (base / "tokenizer.json").unlink()  # without it, it could not be merged again
    assert merged_folder(base, adapter) == first
    assert [path.name for path in cache.iterdir()] == [first.name]


def test_another_version_of_the_adapter_is_merged_anew(adapter: Path) -> None:
    first = merged_folder(tiny_phi3.base_folder(), adapter)
    tiny_phi3.make_adapter(adapter, tiny_phi3.base_folder(), seed=6)
    assert merged_folder(tiny_phi3.base_folder(), adapter) != first


def test_an_adapter_that_does_not_fit_leaves_nothing_behind(adapter: Path, tmp_path: Path, cache: Path) -> None:
    wider = tiny_phi3.make_base(tmp_path / "wider", hidden=128)
    with pytest.raises(ModelError, match="for another base"):
        merged_folder(wider, adapter)
    assert list(cache.iterdir()) == []


def test_an_adapter_with_a_name_that_its_base_never_had_is_served_as_it_was_trained(adapter: Path) -> None:
    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings["target_modules"] += ["q_proj", "v_proj"]
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    assert merged_folder(tiny_phi3.base_folder(), adapter).is_dir()


def test_a_cache_that_cannot_be_written_is_named(adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder is needed")
    with pytest.raises(ModelError, match="set XDG_CACHE_HOME") as caught:
        merged_folder(tiny_phi3.base_folder(), adapter)
    assert str(cache_folder()) in str(caught.value)


def test_the_base_is_read_from_the_adapter(adapter: Path) -> None:
    moved = shutil.copytree(adapter, adapter.parent / "moved")
    assert resolve(str(moved)).base == str(tiny_phi3.base_folder())
