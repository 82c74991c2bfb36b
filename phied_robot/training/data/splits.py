"""Splits without leaks: examples of one conversation, or about one situation, stay on one side."""

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from phied_robot.training.data.examples import Example
from phied_robot.training.data.files import DataError
from phied_robot.training.data.similarity import near_duplicates, situation

NAMES = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)

Kind = tuple[str, str, str | None]
"""Task, language and strategy of an example."""


@dataclass(frozen=True)
class Leak:
    """An example that other data holds too: the numbers of both, counted from 0, and what they share."""

    example: int
    known: int
    reason: str


def split(examples: Sequence[Example], shares: Sequence[float] = SHARES, seed: int = 7) -> dict[str, list[Example]]:
    """Divide examples into train, validation and test.

    Whole groups are dealt out, the largest first, each to the part that lacks most of its kind (task, language,
    strategy), so that every part has about its share of every kind.

    Args:
        examples: all of them.
        shares: of the three parts; they sum to 1. A part with share 0 stays empty.
        seed: of the order among groups of one size; the same seed gives the same parts.

    Raises:
        DataError: there are fewer groups than parts.
    """
    groups = group(examples)
    wanted = {name: share for name, share in zip(NAMES, shares, strict=True) if share > 0}
    if len(groups) < len(wanted):
        raise DataError(
            f"{len(groups)} conversations cannot be divided into {len(wanted)} parts: examples that share a "
            "conversation or an input stay together"
        )
    random.Random(seed).shuffle(groups)
    groups.sort(key=len, reverse=True)
    totals = Counter(_kind(example) for example in examples)
    filled: dict[str, Counter[Kind]] = {name: Counter() for name in wanted}
    parts: dict[str, list[int]] = {name: [] for name in NAMES}
    for number, members in enumerate(groups):
        empty = [name for name in wanted if not parts[name]]
        candidates = empty if len(groups) - number <= len(empty) else list(wanted)
        kinds = Counter(_kind(examples[member]) for member in members)
        best = max(candidates, key=lambda name: _need(kinds, totals, filled[name], wanted[name]))
        parts[best] += members
        filled[best] += kinds
    return {name: [examples[member] for member in sorted(members)] for name, members in parts.items()}


def group(examples: Sequence[Example]) -> list[list[int]]:
    """The numbers of examples that must stay together: by conversation, by situation, and nearly the same ones."""
    parent = list(range(len(examples)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[Hashable, int] = {}
    for number, example in enumerate(examples):
        for key in _keys(example):
            parent[root(number)] = root(first.setdefault(key, number))
    for one, other in near_duplicates(examples):
        parent[root(other)] = root(one)
    groups = defaultdict(list)
    for number in range(len(examples)):
        groups[root(number)].append(number)
    return list(groups.values())


def find_leaks(examples: Sequence[Example], known: Sequence[Example]) -> list[Leak]:
    """The examples whose conversation or input is in other data, or that are nearly the same as one there.

    Training data leaks evaluation data, and the other way round: ask for those that are to be left out.
    """
    first: dict[Hashable, int] = {}
    for number, example in enumerate(known):
        for key in _keys(example):
            first.setdefault(key, number)
    leaks = {}
    for number, example in enumerate(examples):
        for key in _keys(example):
            if key in first and number not in leaks:
                leaks[number] = Leak(number, first[key], f"the same {key[0]}")
    for one, other in near_duplicates([*known, *examples]):
        number = other - len(known)
        if one < len(known) <= other and number not in leaks:
            leaks[number] = Leak(number, one, "nearly the same example")
    return [leaks[number] for number in sorted(leaks)]


def _keys(example: Example) -> list[tuple[str, ...]]:
    conversation = [("conversation", example.source, example.conversation_id)] if example.conversation_id else []
    return [("input", situation(example)), *conversation]


def _kind(example: Example) -> Kind:
    return example.task, example.language, example.strategy


def _need(kinds: Counter[Kind], totals: Counter[Kind], filled: Counter[Kind], share: float) -> float:
    """How much of what a part still lacks a group would fill, weighted by how rare each kind is."""
    return sum(count * (1 - filled[kind] / (share * totals[kind])) / totals[kind] for kind, count in kinds.items())
