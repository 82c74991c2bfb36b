"""`phied bench train`: both recipes on a tiny model, and what is counted of them."""

from argparse import Namespace
from pathlib import Path

import pytest
import training_runs
from rich.console import Console
from training_data import answer

from phied_robot.bench import training_report
from phied_robot.bench.training import Job, held_out_loss, measure
from phied_robot.cli.main import main
from phied_robot.language_model.weights import load_tokenizer, read_weights
from phied_robot.training.data.examples import write_examples
from phied_robot.training.encoding import read_part

EXAMPLES = 32


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    for name, numbers in (("train", range(EXAMPLES)), ("held_out", range(100, 104))):
        examples = [answer(f"Student: The sum is {number}.", f"Let us count {number} again.") for number in numbers]
        write_examples(examples, folder / f"{name}.jsonl")
    settings = folder / "settings.yaml"
    settings.write_text("max_tokens: 200\nbatch: 1\naccumulation: 1\nsteps: 9\nlearning_rate: 5e-3\n")
    return Job(
        training_runs.base(), "response", folder / "train.jsonl", folder / "held_out.jsonl", settings, device="cpu"
    )


def test_random_weights_of_a_large_shape_are_trained_with_the_settings_for_large_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_report.random_model, "make", lambda *_: training_runs.base())
    options = Namespace(random="phi3-mini", model="demo", data=None, examples=8, task="response")
    job = training_report._job(options, "cuda", tmp_path, Console())
    assert job.settings.name == "response.yaml"


def test_both_recipes_go_once_over_the_examples_and_ours_learns_answers(job: Job) -> None:
    told: list[tuple[int, int]] = []
    seed = measure("seed", job, lambda done, steps: told.append((done, steps)))
    ours = measure("ours", job, lambda done, steps: None)
    assert told == [(1, 2), (2, 2)]  # four rows, four times, for each step
    assert seed.examples == ours.examples == EXAMPLES
    assert seed.before == pytest.approx(ours.before, rel=1e-3)
    assert ours.after < 0.8 * ours.before
    assert ours.after < seed.after
    # o_proj alone (2 layers, 64 to 64), beside all four kinds.
    assert seed.trainable == 2 * 16 * (64 + 64)
    assert ours.trainable == 2 * 16 * ((64 + 64) + (64 + 192) + (64 + 256) + (128 + 64))
    assert min(seed.supervised, ours.supervised, seed.memory) > 0


def test_the_loss_of_held_out_answers_counts_no_prompt(job: Job) -> None:
    import torch

    tokenizer, model = load_tokenizer(job.base), read_weights(job.base, "cpu")
    examples = read_part([job.held_out], "response", tokenizer, 1000).encoded[:2]
    total = 0.0
    for one in examples:
        labels = torch.tensor([[-100] * len(one.prompt) + one.learned])
        loss = model(input_ids=torch.tensor([one.prompt + one.learned]), labels=labels).loss
        total += float(loss.detach()) * len(one.learned)
    expected = total / sum(len(one.learned) for one in examples)
    assert held_out_loss(model, examples) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--task", "strategy"], "our own examples hold no choices of a teacher: give --data"),
        (["--data", "{folder}"], "train.jsonl cannot be read"),
        (["--model", "no/where/model"], "neither a folder nor a known model id"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["bench", "train", *(argument.format(folder=tmp_path) for argument in arguments)])
    assert ending.value.code == 2
    assert sentence in capsys.readouterr().out
