"""Training data in figures."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import mean, quantiles

from phied_robot.training.data.examples import Example

COUNTED = ("task", "source", "language", "personality", "age_group", "strategy")


@dataclass(frozen=True)
class Lengths:
    """Words of the outputs of one task: how many outputs, their mean, and what 95 of 100 stay within."""

    outputs: int
    mean: float
    percentile_95: float


@dataclass(frozen=True)
class Statistics:
    """counts: for each field in COUNTED, how often each of its values comes, the most frequent first."""

    examples: int
    conversations: int
    counts: dict[str, dict[Hashable, int]]
    lengths: dict[str, Lengths]


def statistics(examples: Sequence[Example]) -> Statistics:
    """The figures of some examples."""
    lengths: dict[str, Lengths] = {}
    for task in dict.fromkeys(example.task for example in examples):
        words = [len(example.output.split()) for example in examples if example.task == task]
        tail = quantiles(words, n=20)[-1] if len(words) > 1 else words[0]
        lengths[task] = Lengths(len(words), mean(words), tail)
    return Statistics(
        examples=len(examples),
        conversations=len({(one.source, one.conversation_id) for one in examples if one.conversation_id}),
        counts={field: dict(Counter(getattr(one, field) for one in examples).most_common()) for field in COUNTED},
        lengths=lengths,
    )
