"""What may be wrong with training data: a list of findings."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from phied_robot.pedagogy.languages import other_language
from phied_robot.pedagogy.reading import reading_level
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.pedagogy.trait_words import trait_words
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.dialogue import parse_dialogue
from phied_robot.training.data.examples import DataError, Example, Task
from phied_robot.training.data.personal import perhaps_personal, personal_data
from phied_robot.training.data.similarity import near_duplicates, normalized, situation
from phied_robot.training.data.speakable import addresses, pasted_images
from phied_robot.training.data.splits import find_leaks

MOST_TOKENS = 4_096
"""Phi-3 changes its rotary factors beyond; training cuts there."""
LONGEST: dict[Task, int] = {
    "dialogue": 120,
    "personality": 120,
    "strategy": 1,
    "story": 400,
    "questions": 250,
    "translation": 400,
}
"""Words of an output that is worth a look: expert teachers use 18 words a turn, a story has 200 to 300."""
BALANCE = (0.02, 0.6)
"""Least and largest share of a strategy that a classifier learns well from."""

Counted = Callable[[Example], tuple[int, int]]
"""Tokens of an example's prompt and completion."""


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    example: its number, counted from 0; None for the data as a whole.
    twin: the number of the example that it repeats.
    """

    severity: Literal["error", "warning"]
    kind: str
    example: int | None
    detail: str
    twin: int | None = None


def check(examples: Sequence[Example], tokens: Counted, against: Sequence[Example] = ()) -> list[Finding]:
    """All findings, by example.

    Args:
        examples: the data.
        tokens: counts an example's tokens.
        against: evaluation data, which the data must not hold.
    """
    findings = [finding for number, one in enumerate(examples) for finding in _check_one(number, one, tokens)]
    findings += _duplicates(examples)
    findings += _balance(examples)
    for leak in find_leaks(examples, against):
        detail = f"{leak.reason} as evaluation example {leak.known + 1}"
        findings.append(Finding("error", "leak", leak.example, detail))
    return sorted(findings, key=lambda finding: (finding.example is None, finding.example or 0))


def estimated_tokens(example: Example) -> tuple[int, int]:
    """Tokens of prompt and completion by their characters: three a token, more than any of the three languages has."""
    prompt, completion = chat_messages(example)
    return sum(len(message["content"]) for message in prompt) // 3, -(-len(completion) // 3)


def _check_one(number: int, example: Example, tokens: Counted) -> Iterator[Finding]:
    def error(kind: str, detail: str) -> Finding:
        return Finding("error", kind, number, detail)

    def warning(kind: str, detail: str) -> Finding:
        return Finding("warning", kind, number, detail)

    if not normalized(example.output):
        yield error("empty output", "there is nothing to learn: no supervised token")
        return
    try:
        prompt, completion = tokens(example)
    except DataError as mistake:
        yield error("no conversation", str(mistake))
        return
    if prompt >= MOST_TOKENS or not completion:
        yield error("no supervised token", f"the prompt alone has {prompt} tokens, and {MOST_TOKENS} are trained on")
    elif prompt + completion > MOST_TOKENS:
        yield error("too long", f"{prompt + completion} tokens, and {MOST_TOKENS} are trained on")
    for found in personal_data(f"{example.input}\n{example.output}"):
        yield error("personal data", found)
    for found in perhaps_personal(f"{example.input}\n{example.output}"):
        yield warning("perhaps personal data", found)
    for found in [*pasted_images(f"{example.input}\n{example.output}"), *addresses(example.output)]:
        yield warning("cannot be said", found)
    if example.task == "strategy":
        return
    if example.task == "dialogue" and parse_dialogue(example.input) is None:
        yield warning("no conversation", "a dialogue's input has lines 'Student: ...'; is 'task' right?")
    if (length := len(example.output.split())) > LONGEST[example.task]:
        yield warning("long output", f"{length} words, for {example.task} usually at most {LONGEST[example.task]}")
    if other := other_language(example.output, example.language):
        yield warning("wrong language", f"looks like {other}, not {example.language}: {example.output[:40]}")
    shows_manner = example.task == "personality" or example.personality != "neutral"
    if shows_manner and (named := trait_words(example.output, example.language)):
        yield warning("names a trait", f"{', '.join(named)}: show the manner, do not name it")
    if example.age_group and (hard := reading_level(example.output, example.language).too_hard_for(example.age_group)):
        yield warning("too hard", f"for {example.age_group}: {hard}")


def _duplicates(examples: Sequence[Example]) -> Iterator[Finding]:
    first: dict[tuple[str, ...], int] = {}
    for number, example in enumerate(examples):
        key = (example.task, situation(example), example.output, example.personality, example.language)
        if key in first and example.task != "strategy":
            yield Finding("warning", "duplicate", number, "the same as", first[key])
        first.setdefault(key, number)
    same = set(first.values())
    for one, other in near_duplicates(examples):
        if one in same and other in same and examples[one].personality == examples[other].personality:
            yield Finding("warning", "near-duplicate", other, "nearly the same as", one)


def _balance(examples: Sequence[Example]) -> Iterator[Finding]:
    labels = Counter(example.strategy for example in examples if example.task == "strategy")
    if not labels:
        return
    for label in BY_LABEL:
        share = labels[label] / labels.total()
        if not BALANCE[0] <= share <= BALANCE[1]:
            detail = (
                f"{label} is {share:.1%} of {labels.total()} choices; {BALANCE[0]:.0%} to {BALANCE[1]:.0%} is usual"
            )
            yield Finding("warning", "label balance", None, detail)
