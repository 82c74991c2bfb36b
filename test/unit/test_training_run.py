"""Training runs on a tiny Phi-3: what they leave, and what happens when something goes wrong on the way."""

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import training_runs
from training_data import answer
from transformers import Trainer
from trl import SFTTrainer

from phied_robot.language_model.adapters import check_adapter
from phied_robot.language_model.weights import make_skeleton
from phied_robot.training.configuration import Task, TrainingError
from phied_robot.training.data.examples import write_examples
from phied_robot.training.recipe import train


def run(folder: Path, task: Task = "strategy", **settings: Any) -> tuple[Path, str]:
    """Train in `folder`; the adapter's folder and what the screen showed come back."""
    screen, shown = training_runs.screen()
    folder.mkdir(exist_ok=True)
    return train(task, training_runs.configured(folder, **settings), screen), shown.getvalue()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return run(tmp_path_factory.mktemp("finished"))


def test_the_loss_falls_on_what_is_learned_and_on_what_is_held_out(finished: tuple[Path, str]) -> None:
    losses = training_runs.losses(finished[0])
    held_out = training_runs.losses(finished[0], "validation_loss")
    assert list(losses) == list(range(1, 10))
    assert list(held_out) == [3, 6, 9]
    assert losses[9] < 0.7 * losses[1]
    assert held_out[9] < held_out[3]


def test_a_finished_run_leaves_an_adapter_that_fits_its_card_and_its_curves(finished: tuple[Path, str]) -> None:
    output = finished[0]
    check_adapter(make_skeleton(training_runs.base()), "strategy", output)
    card = (output / "README.md").read_text()
    held_out = min(training_runs.losses(output, "validation_loss").values())
    assert f"| validation loss | {held_out:.4f} |" in card
    assert "ours 12" in card
    assert "| learning_rate | `0.005` |" in card
    assert (output / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not (output / "checkpoints").exists()


def test_before_the_first_step_it_says_what_it_will_do(finished: tuple[Path, str]) -> None:
    says = finished[1]
    before, _, _ = says.partition("step 1 of 9")
    assert "train: 12 examples, 24 supervised tokens; 12 of the other adapter left out" in before
    assert re.search(r"Memory: about \d+\.\d GiB", before)
    assert len(re.findall(r"»[BFG]<\|end\|>«", before)) == 3  # codes of the three labels in the data


def test_evaluations_use_the_same_few_examples_every_time(tmp_path: Path) -> None:
    few = {"validation_examples": 2, "steps": 2, "evaluate_every": 1, "learning_rate": 1e-9}
    output, says = run(tmp_path, **few)
    assert "validation: 2 examples, 4 supervised tokens; 1 more are not used; 3 of the other adapter left out" in says
    first, second = training_runs.losses(output, "validation_loss").values()
    assert first == pytest.approx(second, rel=1e-4)  # nothing was learned, and the same was read


def test_the_other_adapter_learns_answers(tmp_path: Path) -> None:
    output, says = run(tmp_path, "response", steps=3)
    assert re.search(r"»Let us count \d+ again\.<\|end\|>«", says)
    losses = training_runs.losses(output)
    assert losses[3] < losses[1]


def test_killed_and_begun_again_it_ends_with_the_same_loss(finished: tuple[Path, str], tmp_path: Path) -> None:
    path = training_runs.write_run(tmp_path)
    command = [sys.executable, "-m", "phied_robot.cli.main", "train", "strategy", str(path)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        reached = next((line for line in process.stdout if line.startswith("step 5 of 9")), None)
        process.send_signal(signal.SIGKILL)
    assert reached is not None
    assert not (tmp_path / "adapter" / "adapter_model.safetensors").exists()
    output, says = run(tmp_path)
    assert "Going on after step 3." in says
    for name in ("loss", "validation_loss"):
        assert training_runs.losses(output, name) == pytest.approx(training_runs.losses(finished[0], name), abs=1e-3)


def test_out_of_memory_halves_the_batch_and_goes_on(
    finished: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Trainer.training_step

    def full(trainer: Any, *arguments: Any, **settings: Any) -> Any:
        if trainer.args.per_device_train_batch_size > 1 and trainer.state.global_step == 4:
            raise torch.OutOfMemoryError("no memory")
        return step(trainer, *arguments, **settings)

    monkeypatch.setattr(Trainer, "training_step", full)
    output, says = run(tmp_path, batch=2, accumulation=1)
    assert "Out of memory: going on with batch 1 and accumulation 2" in says
    assert "Going on after step 3." in says
    assert list(training_runs.losses(output)) == list(range(1, 10))
    assert training_runs.losses(output)[9] == pytest.approx(training_runs.losses(finished[0])[9], abs=0.2)


def test_one_row_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any, **_settings: Any) -> Any:
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(Trainer, "training_step", full)
    with pytest.raises(TrainingError, match="out of memory on cpu with one row of 1024 tokens: lower 'max_tokens'"):
        run(tmp_path)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = SFTTrainer.compute_loss

    def spoilt(trainer: Any, *arguments: Any, **settings: Any) -> Any:
        found = compute(trainer, *arguments, **settings)
        return found * float("nan") if trainer.state.global_step == 4 else found

    monkeypatch.setattr(SFTTrainer, "compute_loss", spoilt)
    with pytest.raises(TrainingError, match=r"the loss is nan in step 5; .*the last good checkpoint is .*checkpoint-3"):
        run(tmp_path)
    check_adapter(make_skeleton(training_runs.base()), "good", tmp_path / "adapter" / "checkpoints" / "checkpoint-3")


def test_a_full_disk_leaves_the_checkpoint_before_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = Trainer._save_optimizer_and_scheduler

    def full(trainer: Any, folder: str) -> None:
        if trainer.state.global_step == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(trainer, folder)

    monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", full)
    with pytest.raises(TrainingError, match=r"the checkpoint of step 6 cannot be written .*No space left"):
        run(tmp_path)
    assert [folder.name for folder in (tmp_path / "adapter" / "checkpoints").iterdir()] == ["checkpoint-3"]
    monkeypatch.undo()
    output, says = run(tmp_path)
    assert "Going on after step 3." in says
    assert max(training_runs.losses(output)) == 9


def test_it_stops_early_where_nothing_improves_and_keeps_the_best(tmp_path: Path) -> None:
    output, _says = run(tmp_path, steps=24, evaluate_every=1, learning_rate=0.1, patience=1)
    held_out = training_runs.losses(output, "validation_loss")
    assert max(held_out) < 24
    assert f"| best step | {min(held_out, key=held_out.__getitem__)} of " in (output / "README.md").read_text()


def test_a_folder_that_holds_something_else_is_left_alone(finished: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds a finished adapter"):
        run(tmp_path, output=str(finished[0]))
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "run.json").write_text("{}")
    with pytest.raises(TrainingError, match="begun otherwise"):
        run(tmp_path)


def test_data_that_cannot_be_learned_from(tmp_path: Path) -> None:
    configuration = training_runs.configured(tmp_path)
    write_examples([answer("Student: Hello", "Hi.")], tmp_path / "train.jsonl")
    with pytest.raises(TrainingError, match="holds no example for the strategy adapter"):
        train("strategy", configuration, training_runs.screen()[0])
    write_examples([answer("Student: Hello", "Hi. " * 999)], tmp_path / "train.jsonl")
    with pytest.raises(TrainingError, match=r"train\.jsonl:1: the answer has \d+ tokens.*\n.*: raise max_tokens"):
        train("response", configuration, training_runs.screen()[0])


def test_an_example_that_is_too_long_is_left_out_and_named(tmp_path: Path) -> None:
    configuration = training_runs.configured(tmp_path, steps=1)
    write_examples([answer("Student: Hello", "Hi. " * 999), answer("Student: Hello", "Hi.")], tmp_path / "train.jsonl")
    screen, shown = training_runs.screen()
    train("response", configuration, screen)
    assert "train: 1 examples" in shown.getvalue()
    assert re.search(r"train: 1 too long, left out:\n  .*train\.jsonl:1: the answer has \d+ tokens", shown.getvalue())
