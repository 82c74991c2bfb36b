"""The eight teaching strategies: what each does, and the one-letter code by which the model chooses it."""

from dataclasses import dataclass
from typing import Literal

Group = Literal["elicit", "tell", "manage"]


@dataclass(frozen=True)
class TeachingStrategy:
    """A strategy; `code` is one token, so that one forward pass scores all of them."""

    code: str
    label: str
    group: Group
    reveals_answer: bool
    choice: str
    instruction: str


STRATEGIES = (
    TeachingStrategy(
        "A",
        "socratic_questioning",
        "elicit",
        False,
        "ask a guiding question",
        "Ask one guiding question. Do not give the answer away.",
    ),
    TeachingStrategy(
        "B",
        "scaffolding",
        "elicit",
        False,
        "give a hint",
        "Give a small hint and let the child try. Do not give the answer away.",
    ),
    TeachingStrategy(
        "C",
        "direct_instruction",
        "tell",
        True,
        "explain it",
        "Explain it in one or two short sentences.",
    ),
    TeachingStrategy(
        "D",
        "worked_example",
        "tell",
        True,
        "show an example",
        "Explain it with one example.",
    ),
    TeachingStrategy(
        "E",
        "corrective_feedback",
        "tell",
        True,
        "correct a mistake",
        "The child is mistaken. Say so kindly and say what is right.",
    ),
    TeachingStrategy(
        "F",
        "confirmation",
        "manage",
        True,
        "confirm a right answer",
        "The child is right. Say so and say the fact again.",
    ),
    TeachingStrategy(
        "G",
        "encouragement",
        "manage",
        False,
        "encourage the child",
        "Encourage the child and offer a small next step.",
    ),
    TeachingStrategy(
        "H",
        "redirection",
        "manage",
        False,
        "answer small talk and lead back to the lesson",
        "Answer kindly in a few words and lead back to the lesson.",
    ),
)
BY_LABEL = {strategy.label: strategy for strategy in STRATEGIES}
BY_CODE = {strategy.code: strategy for strategy in STRATEGIES}

DEFAULT = "direct_instruction"
"""Taken when the model gives no choice: a child who asked gets an answer."""


def codes() -> list[str]:
    """The codes of all strategies, in order."""
    return [strategy.code for strategy in STRATEGIES]


def from_codes(probabilities: dict[str, float]) -> dict[str, float]:
    """A distribution over codes as one over labels; what is no code of ours is left out."""
    return {BY_CODE[code].label: probability for code, probability in probabilities.items() if code in BY_CODE}


def reveals_answer(label: str) -> bool:
    """Whether an answer that follows this strategy says the fact that was asked for."""
    return BY_LABEL[label].reveals_answer
