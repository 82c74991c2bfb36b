"""Texts that are nearly the same, found without comparing every pair."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil

from phied_robot.training.data.examples import Example

NEARLY_SAME = 0.8
"""Jaccard similarity of the words, in pairs of neighbours, from which two texts count as the same."""


def normalized(text: str) -> str:
    """A text's letters and digits in lower case, with single spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))


def situation(example: Example) -> str:
    """What an example answers, normalized; where nothing is given, the instruction is all there is."""
    return normalized(example.input) or normalized(example.instruction)


def shingles(text: str) -> frozenset[str]:
    """The words of a text, in pairs of neighbours."""
    words = ["", *normalized(text).split(), ""]
    return frozenset(f"{one} {next_one}" for one, next_one in pairwise(words))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity, 0 to 1; 1 for two empty sets."""
    return len(one & other) / len(one | other) if one or other else 1.0


def near_duplicates(examples: Sequence[Example]) -> Iterator[tuple[int, int]]:
    """Pairs of examples, by number, whose parts are all nearly the same: what came before, the last words, the output.

    Two teachers who choose the same strategy in the same conversation are no duplicates: their agreement is data.
    """
    parts = [_parts(example) for example in examples]
    # Where two parts of a pair are similar, their union is: one search finds the candidates.
    ends = [frozenset(f"< {one}" for one in heard) | output for _before, heard, output in parts]
    for one, other in similar_pairs(ends, NEARLY_SAME):
        if not _agreement(examples[one], examples[other]) and all(
            similarity(*pair) >= NEARLY_SAME for pair in zip(parts[one], parts[other], strict=True)
        ):
            yield one, other


def _parts(example: Example) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    before, _, heard = (example.input or example.instruction).rpartition("\n")
    return shingles(before), shingles(heard), shingles(example.output)


def similar_pairs(sets: Sequence[frozenset[str]], threshold: float) -> Iterator[tuple[int, int]]:
    """All pairs of sets whose Jaccard similarity reaches the threshold, exactly.

    Two such sets share one of their rarest elements: an index of those is enough (Chaudhuri et al. 2006, Bayardo et
    al. 2007).
    """
    frequency = Counter(element for one in sets for element in one)
    index: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(sets):
        rarest_first = sorted(one, key=lambda element: (frequency[element], element))
        prefix = rarest_first[: len(one) - ceil(threshold * len(one)) + 1]
        for other in sorted({candidate for element in prefix for candidate in index[element]}):
            fits = threshold * len(one) <= len(sets[other]) <= len(one) / threshold
            if fits and similarity(one, sets[other]) >= threshold:
                yield other, number
        for element in prefix:
            index[element].append(number)


def _agreement(one: Example, other: Example) -> bool:
    return one.task == other.task == "strategy" and bool(one.conversation_id) and same_conversation(one, other)


def same_conversation(one: Example, other: Example) -> bool:
    """Whether both name one conversation of one source."""
    return (one.source, one.conversation_id) == (other.source, other.conversation_id)
