"""Prints, writes and draws what was measured of training: the seed guide's recipe and ours."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from phied_robot.bench import random_model
from phied_robot.bench.training import Job, Measured, Recipe, run_alone, settings_for
from phied_robot.evaluation.lesson_prompts import lesson_prompts
from phied_robot.language_model.loading import choose_device, quiet_libraries
from phied_robot.language_model.merging import base_folder
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.training.configuration import Task
from phied_robot.training.data.examples import DataError, Example, read_examples, write_examples
from phied_robot.training.demo.corpus import read_corpus

NAMES: dict[Recipe, str] = {"seed": "the seed guide's", "ours": "ours"}
SEED = 7
HELD_OUT_SHARE = 4
"""A held-out example for so many that are learned from."""


class Row(NamedTuple):
    """A line of the table; `ratio` says whether ours over the seed's means something."""

    says: str
    value: Callable[[Measured], float]
    form: str
    ratio: bool


ROWS = (
    Row("supervised tokens a second", lambda one: one.supervised, ".1f", True),
    Row("peak memory (GiB)", lambda one: one.memory, ".2f", True),
    Row("loss before (nats a token)", lambda one: one.before, ".3f", False),
    Row("loss after", lambda one: one.after, ".3f", False),
    Row("examples", lambda one: one.examples, ",.0f", False),
    Row("steps", lambda one: one.steps, ",.0f", False),
    Row("seconds, without the first step", lambda one: one.seconds, ".1f", True),
    Row("trainable weights", lambda one: one.trainable, ",.0f", True),
)


def run(options: Any, console: Console) -> int:
    """Measure, print, write and draw. Exit code 0: done; 2: something cannot be used, said in a sentence."""
    try:
        quiet_libraries()
        device = choose_device("auto")
        if options.random and device == "cpu":
            raise ModelError(f"--random {options.random} needs a GPU: without one take the demo model")
        with tempfile.TemporaryDirectory() as scratch:
            job = _job(options, device, Path(scratch), console)
            measured = _measure(job, console)
    except (ModelError, DataError) as error:
        console.print(str(error), style="bold red", markup=False, soft_wrap=True)
        return 2
    name = options.random or options.model
    title = f"Training {options.task} on {name}, {_device_name(device)}"
    console.print(_table(title, measured))
    console.print("Loss: of held-out answers, their prompts not counted; each recipe went once over the same examples.")
    if options.json:
        found = {NAMES[recipe]: asdict(one) for recipe, one in measured.items()}
        found_at = {"model": name, "task": options.task, "device": _device_name(device), "recipes": found}
        options.json.write_text(json.dumps(found_at, indent=1) + "\n", encoding="utf-8")
        console.print(f"figures: {options.json}", markup=False)
    if options.chart:
        _draw(title, measured, options.chart)
        console.print(f"chart: {options.chart}", markup=False)
    return 0


def _job(options: Any, device: str, scratch: Path, console: Console) -> Job:
    if options.data:
        train, held_out = (read_examples(options.data / f"{part}.jsonl") for part in ("train", "validation"))
        train, held_out = (_of_task(part, options.task) for part in (train, held_out))
    else:
        if options.task == "strategy":
            raise DataError("our own examples hold no choices of a teacher: give --data, or take --task response")
        wanted = options.examples + options.examples // HELD_OUT_SHARE
        drawn = lesson_prompts(read_corpus()[0].lessons, wanted, SEED)
        train, held_out = drawn[: options.examples], drawn[options.examples :]
    parts = {"train": train[: options.examples], "held_out": held_out[: options.examples // HELD_OUT_SHARE]}
    files = {name: scratch / f"{name}.jsonl" for name in parts}
    for name, part in parts.items():
        write_examples(part, files[name])
    if options.random:
        with console.status(f"drawing random weights of {options.random}'s shape"):
            base = random_model.make(scratch / "model", random_model.SHAPES[options.random])
    else:
        base = base_folder(resolve(options.model))
    return Job(
        base, options.task, settings=settings_for(options.random or options.model, options.task), device=device, **files
    )


def _of_task(examples: list[Example], task: Task) -> list[Example]:
    found = [example for example in examples if example.adapter == task]
    if not found:
        raise DataError(f"the data holds no example for the {task} adapter")
    return found


def _measure(job: Job, console: Console) -> dict[Recipe, Measured]:
    measured: dict[Recipe, Measured] = {}
    for recipe, name in NAMES.items():
        with _bar(f"training by {name} recipe", console) as progress:
            measured[recipe] = run_alone(recipe, job, progress)
    return measured


@contextmanager
def _bar(says: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(says), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, steps: progress.update(task, completed=done, total=steps)


def _table(title: str, measured: dict[Recipe, Measured]) -> Table:
    table = Table("", *(NAMES[recipe] for recipe in measured), "ratio", title=title)
    for row in ROWS:
        seed, ours = (row.value(measured[recipe]) for recipe in ("seed", "ours"))
        ratio = f"{ours / seed:.2f}" if row.ratio else ""
        table.add_row(row.says, format(seed, row.form), format(ours, row.form), ratio)
    return table


def _draw(title: str, measured: dict[Recipe, Measured], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for panel, row in zip(figure.subplots(1, 3), (ROWS[0], ROWS[1], ROWS[3]), strict=True):
        bars = panel.bar(list(NAMES.values()), [row.value(measured[recipe]) for recipe in NAMES], color=("0.7", "C0"))
        panel.bar_label(bars, fmt=f"{{:{row.form}}}")
        panel.set_title(row.says, fontsize="medium")
        panel.margins(y=0.15)
    panel.axhline(measured["ours"].before, color="0.4", linestyle="--", label="before")
    panel.legend()
    figure.suptitle(title)
    figure.savefig(path, dpi=110)


def _device_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else "CPU"
