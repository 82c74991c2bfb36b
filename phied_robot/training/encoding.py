"""Examples as the tokens that the model reads, and those of them that it learns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from phied_robot.language_model.chat import encode_pair
from phied_robot.language_model.sources import ModelError
from phied_robot.training.configuration import Task, TrainingError
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.examples import DataError, Example, read_located

IGNORED = -100
SHOWN = 20


@dataclass(frozen=True)
class Encoded:
    """One example; the loss runs over `learned` alone."""

    prompt: list[int]
    learned: list[int]

    def row(self) -> dict[str, list[int]]:
        """Token ids and labels, as the trainer takes them."""
        return {
            "input_ids": self.prompt + self.learned,
            "labels": [IGNORED] * len(self.prompt) + self.learned,
        }


@dataclass(frozen=True)
class Part:
    """What one adapter learns from or is measured by.

    `too_long` says which examples did not fit, `undrawn` counts those that are left out to save time.
    """

    files: Sequence[Path]
    fingerprint: str
    encoded: list[Encoded]
    sources: dict[str, int]
    others: int
    too_long: list[str]
    undrawn: int = 0

    @property
    def learned_tokens(self) -> int:
        """Tokens that the loss runs over."""
        return sum(len(one.learned) for one in self.encoded)


def read_part(files: Sequence[Path], task: Task, tokenizer: Any, max_tokens: int) -> Part:
    """Read files and encode what a task learns from; those of the other adapter, and too long ones, are left out.

    Raises:
        DataError: a file breaks the format.
        TrainingError: nothing is left, or an example has nothing to learn; all of them are named.
    """
    located: list[tuple[str, Example]] = []
    digest = sha256()
    for file in files:
        located += read_located(file)
        digest.update(file.read_bytes())
    mine = [(place, example) for place, example in located if example.adapter == task]
    if not mine:
        raise TrainingError(f"{_names(files)} holds no example for the {task} adapter")
    encoded, mistakes, too_long = [], [], []
    for place, example in mine:
        try:
            encoded.append(_encode(example, tokenizer, max_tokens))
        except ModelError as error:
            too_long.append(f"{place}: {error}")
        except (DataError, TrainingError) as error:
            mistakes.append(f"{place}: {error}")
    if mistakes:
        raise TrainingError("\n".join([*first_few(mistakes), "'phied data check' finds such examples"]))
    if not encoded:
        raise TrainingError("\n".join([*first_few(too_long), f"no example fits {max_tokens} tokens: raise max_tokens"]))
    sources = Counter(example.source or "own" for _place, example in mine)
    return Part(files, digest.hexdigest(), encoded, dict(sources), len(located) - len(mine), too_long)


def drawn(part: Part, most: int, seed: int) -> Part:
    """At most so many of a part's examples, drawn by the seed; the same ones every time."""
    if len(part.encoded) <= most:
        return part
    return replace(part, encoded=Random(seed).sample(part.encoded, most), undrawn=len(part.encoded) - most)


def first_few(sentences: Sequence[str]) -> list[str]:
    """So many sentences as a person reads, and how many more there are."""
    more = len(sentences) - SHOWN
    return [*sentences[:SHOWN], *([f"and {more} more"] if more > 0 else [])]


def as_text(encoded: Encoded, tokenizer: Any) -> tuple[str, str]:
    """What the model reads, and what it learns, decoded again from the very tokens that it gets."""
    return tokenizer.decode(encoded.prompt), tokenizer.decode(encoded.learned)


def _encode(example: Example, tokenizer: Any, max_tokens: int) -> Encoded:
    messages, completion = chat_messages(example)
    if not completion.strip():
        raise TrainingError("the output is empty, so there is nothing to learn")
    return Encoded(*encode_pair(tokenizer, messages, completion, max_tokens))


def _names(files: Sequence[Path]) -> str:
    return ", ".join(str(file) for file in files)
