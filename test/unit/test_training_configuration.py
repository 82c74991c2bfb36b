"""The configuration of a training run: every mistake at once, each with its line."""

from pathlib import Path

import pytest
import training_runs

from phied_robot.training.configuration import TrainingError, read_configuration

SHIPPED = Path(__file__).parents[2] / "config" / "training"


def complaints(path: Path) -> list[str]:
    with pytest.raises(TrainingError) as refusal:
        read_configuration(path)
    return str(refusal.value).splitlines()


def test_every_mistake_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("")
    path = tmp_path / "run.yaml"
    path.write_text(
        f"base: no such model\ntrain: {data}\nvalidation: {data}\nbatch: none\nlearning_rate: 3\n"
        "lora_rank: 8\nsteps: 3\nepochs: 2\ndevice: tpu\n"
    )
    found = complaints(path)
    for number, part in (
        (1, "'no such model' is neither a folder nor a known model id"),
        (3, f"{data} is in train as well"),
        (4, "batch is 'none'"),
        (5, "learning_rate is '3'"),
        (6, "there is no setting 'lora_rank'"),
        (7, "give either steps or epochs"),
        (9, "device is 'tpu'"),
        (1, "output is missing"),
    ):
        assert any(line.startswith(f"{path}:{number}: ") and part in line for line in found), (part, found)
    assert len(found) == 8


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = training_runs.write_run(tmp_path, train=[str(tmp_path / "other.jsonl")])
    assert complaints(path) == [
        f"{path}:1: train: there is no file {tmp_path / 'other.jsonl'}; 'phied data' makes such files"
    ]


def test_rows_longer_than_the_base_reads_are_refused(tmp_path: Path) -> None:
    assert "the base reads at most 1024 tokens" in complaints(training_runs.write_run(tmp_path, max_tokens=2048))[0]


def test_text_that_is_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("base: demo\nbase: demo\n")
    assert complaints(path)[0].startswith(f"{path}:2: ")
    path.write_text("just words")
    assert "list of 'name: value' lines" in complaints(path)[0]
    assert "cannot be read" in complaints(tmp_path / "missing.yaml")[0]


@pytest.mark.parametrize("name", ["demo_strategy", "demo_response", "strategy", "response"])
def test_the_shipped_configurations_are_valid(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/split").mkdir(parents=True)
    for part in ("train", "validation"):
        (tmp_path / f"data/split/{part}.jsonl").write_text("")
    text = (SHIPPED / f"{name}.yaml").read_text()
    here = tmp_path / "run.yaml"
    here.write_text(text.replace("microsoft/Phi-3-mini-128k-instruct", str(training_runs.base())))
    found = read_configuration(here)
    assert found.alpha == 2 * found.rank == 32
    assert found.dropout == 0.05
