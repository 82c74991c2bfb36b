"""Small examples and files for the tests of training data and evaluation."""

import json
from pathlib import Path
from typing import Any

import pytest

from phied_robot.training.data.examples import Example

SHARED = Path(__file__).parents[3] / "shared" / "data"


def shared(folder: str) -> Path:
    """A published data set beside the repository; the test is skipped where it is not there."""
    path = SHARED / folder
    if not path.exists():
        pytest.skip(f"the data set {folder} is not in {SHARED}")
    return path


def choice(conversation: str, label: str, conversation_id: str = "", **fields: Any) -> Example:
    return Example(
        instruction="Choose.",
        input=conversation,
        output=label,
        task="strategy",
        strategy=label,
        conversation_id=conversation_id,
        **fields,
    )


def answer(conversation: str, output: str, **fields: Any) -> Example:
    return Example(instruction="Answer the child.", input=conversation, output=output, **fields)


def write_lines(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path
