"""Several processes that train one adapter: what each of them knows, and that together they learn what one learns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_phi3
import torch
import training_runs
from bitsandbytes.nn import Linear4bit
from safetensors.torch import load_file

from phied_robot.language_model.four_bit import compute_in, keep_unpacked, store_as
from phied_robot.language_model.weights import load_quantized
from phied_robot.training import processes, recipe
from phied_robot.training.checkpoints import claim
from phied_robot.training.configuration import TrainingError, read_configuration
from phied_robot.training.data.examples import write_examples
from phied_robot.training.encoding import Part
from phied_robot.training.recipe import train

ROOT = Path(__file__).parents[2]
PART = Part([], "0", [], {}, 0, [])
TWO = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "ACCELERATE_USE_FSDP": "true"}


def launched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process look like the second of two."""
    for name, value in TWO.items():
        monkeypatch.setenv(name, value)


def test_without_a_launcher_a_process_is_alone() -> None:
    assert processes.count() == 1
    assert processes.is_first()
    assert not processes.is_sharded()
    assert processes.own("cuda") == "cuda"


@pytest.mark.parametrize(
    ("given", "two", "seen"), [(None, False, "0"), ("2,3", False, "2"), ("", False, ""), ("0,1", True, "0,1")]
)
def test_without_a_launcher_one_gpu_is_seen_of_several(
    given: str | None, two: bool, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    if two:
        launched(monkeypatch)
    processes.keep_to_one_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


def test_a_launched_process_knows_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    launched(monkeypatch)
    assert processes.count() == 2
    assert not processes.is_first()
    assert processes.is_sharded()
    assert (processes.own("cuda"), processes.own("cpu")) == ("cuda:1", "cpu")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_4_bit_weights_that_pass_for_floats_compute_the_same(dtype: torch.dtype) -> None:
    model = load_quantized(tiny_phi3.base_folder(), "cpu").eval()
    keep_unpacked(model)
    compute_in(model, torch.float32)
    ids = torch.tensor([[7, 40, 41, 42, 9]])
    with torch.no_grad():
        before = model(input_ids=ids).logits
        store_as(model, dtype)
        after = model(input_ids=ids).logits
    weights = [module.weight for module in model.modules() if isinstance(module, Linear4bit)]
    assert {(weight.dtype, weight.shape[1]) for weight in weights} == {(dtype, 1)}
    assert torch.equal(before, after)


def test_several_processes_do_not_change_their_batch_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = training_runs.configured(tmp_path, batch=4)
    launched(monkeypatch)
    with pytest.raises(TrainingError, match="halve 'batch', double 'accumulation', and name another output"):
        recipe._halved(configuration, "cuda")


def test_a_run_goes_on_in_as_many_processes_as_it_was_begun_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = training_runs.configured(tmp_path)
    claim("strategy", configuration, PART, PART)
    with monkeypatch.context() as two:
        launched(two)
        with pytest.raises(TrainingError, match=r"begun otherwise \(processes, sharded changed\)"):
            claim("strategy", configuration, PART, PART)
        (tmp_path / "adapter" / "run.json").unlink()
        claim("strategy", configuration, PART, PART)
        claim("strategy", configuration, PART, PART)
    with pytest.raises(TrainingError, match=r"begun otherwise \(processes, sharded changed\)"):
        claim("strategy", configuration, PART, PART)


@pytest.mark.parametrize(
    ("dtype", "tied", "accumulation"),
    [
        pytest.param("float32", True, 1, id="the demo on a CPU"),
        pytest.param("bfloat16", False, 2, id="Phi-3 on GPUs"),  # its head has weights of its own
    ],
)
def test_two_processes_that_divide_a_model_learn_what_one_learns(
    dtype: str, tied: bool, accumulation: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "base": str(tiny_phi3.make_base(tmp_path / "base", context=1024, tie_word_embeddings=tied)),
        "steps": 4,
        "evaluate_every": 2,
        "dropout": 0,
        "learning_rate": 1e-3,
        "gradient_checkpointing": dtype == "bfloat16",
    }
    runs = {}
    for name, rows in (("one", 2 * accumulation), ("two", accumulation)):
        (tmp_path / name).mkdir()
        runs[name] = training_runs.write_run(tmp_path / name, **settings, accumulation=rows)
        write_examples(training_runs.examples(0, 12 * accumulation), tmp_path / name / "train.jsonl")
    monkeypatch.setattr(recipe, "precision", lambda _device: getattr(torch, dtype))
    alone = train("response", read_configuration(runs["one"]), training_runs.screen()[0])
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--main_process_port", "0"]
    options = ["--config_file", str(ROOT / "config" / "training" / "fsdp.yaml"), "-m", "sharded_on_cpu"]
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'test' / 'unit'}", "CUDA_VISIBLE_DEVICES": "", "COMPUTE_IN": dtype}
    ran = subprocess.run(
        [*launcher, *options, "train", "response", str(runs["two"])],
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, **paths},
    )
    assert ran.returncode == 0, ran.stderr
    told = f"4 steps of 2 x {accumulation} x 1 rows of 1024 tokens, on 2 x cpu in {dtype}; {2 * accumulation} rows"
    assert ran.stdout.count(told) == 1
    together = tmp_path / "two" / "adapter"
    for name in ("loss", "validation_loss", "gradient_norm"):
        assert training_runs.losses(together, name) == pytest.approx(training_runs.losses(alone, name), abs=1e-4)
    expected, found = (load_file(folder / "adapter_model.safetensors") for folder in (alone, together))
    assert {name: tensor.shape for name, tensor in found.items()} == {
        name: tensor.shape for name, tensor in expected.items()
    }
    assert max(float((found[name] - expected[name]).abs().max()) for name in expected) < 1e-3
