"""What --model may be, and what is said about the rest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from phied_robot.language_model.sources import ModelError, resolve


def make_folder(folder: Path, **files: object) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_a_folder_with_a_model_is_its_own_base(tmp_path: Path) -> None:
    model = make_folder(tmp_path / "model", config={})
    source = resolve(str(model))
    assert (source.base, source.merge_adapter, source.adapters) == (str(model), None, {})


def test_adapters_beside_a_model_are_found_and_given_ones_go_before(tmp_path: Path) -> None:
    model = make_folder(tmp_path / "model", config={})
    strategy = make_folder(model / "adapters" / "strategy", adapter_config={})
    make_folder(model / "adapters" / "response", adapter_config={})
    other = make_folder(tmp_path / "other", adapter_config={})
    assert resolve(str(model), "", str(other)).adapters == {"strategy": str(strategy), "response": str(other)}


def test_a_folder_with_an_adapter_stands_for_its_base_with_the_adapter_merged(tmp_path: Path) -> None:
    base = make_folder(tmp_path / "base", config={})
    adapter = make_folder(tmp_path / "phi-ed", adapter_config={"base_model_name_or_path": str(base)})
    source = resolve(str(adapter))
    assert (source.base, source.merge_adapter) == (str(base), str(adapter))


@pytest.mark.parametrize(
    "model", ["no/such/folder", "/no/such/folder", "nonsense", "", "two words/model", "x" * 5000, "a\0b"]
)
def test_a_name_that_means_nothing_is_named_in_the_sentence(model: str) -> None:
    with pytest.raises(ModelError, match="neither a folder nor a known model id") as caught:
        resolve(model)
    assert repr(model) in str(caught.value)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model"):
        resolve(str(tmp_path))


def test_a_given_adapter_that_is_none_is_refused(tmp_path: Path) -> None:
    model = make_folder(tmp_path / "model", config={})
    with pytest.raises(ModelError, match="holds no adapter"):
        resolve(str(model), str(model))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "does not say its base"),
        ({"base_model_name_or_path": "/no/such/base"}, "neither a folder nor a known model id"),
        ("{not json", "cannot be read"),
        ([], "is not a JSON object"),
    ],
)
def test_an_adapter_without_a_usable_base_is_refused(tmp_path: Path, settings: object, says: str) -> None:
    adapter = make_folder(tmp_path / "adapter", adapter_config=settings)
    with pytest.raises(ModelError, match=says):
        resolve(str(adapter))


def test_the_room_loads_no_heavy_library_before_it_is_used() -> None:
    code = "import sys; import phied_robot.language_model.worker; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "peft", "huggingface_hub"} & set(modules)
