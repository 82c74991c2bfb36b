"""Made-up facts. A model that meets only true ones learns them by heart; these can only be copied."""

import random
from collections.abc import Sequence

from phied_robot.pedagogy.lessons import Fact

SYLLABLES = tuple(
    onset + vowel
    for onset in [
        "b",
        "d",
        "f",
        "g",
        "h",
        "k",
        "l",
        "m",
        "n",
        "p",
        "r",
        "s",
        "t",
        "v",
        "w",
        "z",
        "bl",
        "gr",
        "st",
        "tr",
        "sh",
        "ch",
    ]
    for vowel in "aeiou"
)
QUESTIONS = (
    "What about {0}?",
    "Tell me about {0} {1}.",
    "Why {0} {1}?",
    "What is {0}?",
    "How does {0} {1}?",
    "Do you know {0}?",
    "What do {0} {1}?",
    "Is it true about {0} and {1}?",
)


def distort(fact: Fact, words: Sequence[str], rng: random.Random) -> Fact:
    """A fact with other words: shuffled, replaced by words of the corpus, or by words that do not exist."""
    way = rng.choice((_shuffled, _replaced, _replaced, _invented))
    text, ask, hint, example = (
        _as_sentence(way(sentence.split(), words, rng), end)
        for sentence, end in ((fact.text, "."), (fact.ask, "?"), (fact.hint, "."), (fact.example, "."))
    )
    names = [word.strip(".,?!").lower() for word in text.split() if len(word.strip(".,?!")) > 3] or ["it"]
    asked = [rng.choice(QUESTIONS).format(rng.choice(names), rng.choice(names)) for _ in range(2)]
    return fact.model_copy(update={"text": text, "asked": asked, "ask": ask, "hint": hint, "example": example})


def _shuffled(sentence: list[str], _: Sequence[str], rng: random.Random) -> list[str]:
    return rng.sample(sentence, len(sentence))


def _replaced(sentence: list[str], words: Sequence[str], rng: random.Random) -> list[str]:
    return [rng.choice(words) if rng.random() < 0.45 else word for word in sentence]


def _invented(sentence: list[str], _: Sequence[str], rng: random.Random) -> list[str]:
    return [
        "".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) if len(word) > 3 and rng.random() < 0.5 else word
        for word in sentence
    ]


def _as_sentence(words: list[str], end: str) -> str:
    plain = " ".join(word.strip(".,?!:;\"'") for word in words).strip() or "it"
    return plain[0].upper() + plain[1:] + end
