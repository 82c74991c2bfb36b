"""Small training runs for tests: a tiny random Phi-3, and a few examples written for it."""

import json
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import tiny_phi3
from rich.console import Console
from training_data import answer, choice

from phied_robot.training.configuration import Configuration, read_configuration
from phied_robot.training.data.examples import Example, write_examples
from phied_robot.training.screen import Screen

LABELS = ("confirmation", "scaffolding", "encouragement")


@cache
def base() -> Path:
    """A base whose context has room for a strategy prompt in a tokenizer of few words; to be read only."""
    return tiny_phi3.make_base(tiny_phi3.base_folder().parent / "training", context=1024)


def examples(first: int, count: int) -> list[Example]:
    found = []
    for number in range(first, first + count):
        said = f"Lesson: Sums\nStudent: The sum is {number}."
        found.append(choice(said, LABELS[number % 3], str(number), source="ours"))
        found.append(answer(said, f"Let us count {number} again.", conversation_id=str(number), source="ours"))
    return found


def write_run(folder: Path, **settings: Any) -> Path:
    """Data and a configuration in `folder`; settings that are None are left out."""
    write_examples(examples(0, 12), folder / "train.jsonl")
    write_examples(examples(50, 3), folder / "validation.jsonl")
    chosen = {
        "base": str(base()),
        "train": [str(folder / "train.jsonl")],
        "validation": [str(folder / "validation.jsonl")],
        "output": str(folder / "adapter"),
        "max_tokens": 1024,
        "batch": 1,
        "accumulation": 2,
        "steps": 9,
        "gradient_checkpointing": False,
        "learning_rate": 5e-3,
        "evaluate_every": 3,
        "device": "cpu",
        **settings,
    }
    path = folder / "run.yaml"
    path.write_text(json.dumps({key: value for key, value in chosen.items() if value is not None}))  # JSON is YAML
    return path


def configured(folder: Path, **settings: Any) -> Configuration:
    return read_configuration(write_run(folder, **settings))


def screen() -> tuple[Screen, StringIO]:
    """A screen, and what it shows."""
    shown = StringIO()
    made = Screen()
    made.console = Console(file=shown, width=200)
    return made, shown


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def losses(folder: Path, name: str = "loss") -> dict[int, float]:
    return {line["step"]: line[name] for line in lines(folder) if name in line}
