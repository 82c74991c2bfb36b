"""How hard a text is to read, and whether that fits an age group.

One score alone misleads, so a text has to pass three: the usual formula of its language, LIX, and its longest
sentence. The limits are ours: a school year of age for the formulas (kindergarten at five), and some room above,
because a short text scores unsteadily.
"""

import re
from dataclasses import dataclass

FORMULAS = {"en": "Flesch-Kincaid grade", "fr": "Flesch reading ease (Kandel-Moles)", "de": "Wiener Sachtextformel 1"}
SHORTEST = 20
"""Words below which a formula says nothing."""


@dataclass(frozen=True)
class Limits:
    """The hardest text for an age group.

    grade: school year, for Flesch-Kincaid and the Wiener Sachtextformel.
    ease: least Flesch reading ease, 0 (hard) to 100 (easy).
    lix: words a sentence plus percentage of words above six letters (children's books: below 25 to 30, Björnsson 1968).
    sentence: words of the longest sentence.
    """

    grade: float
    ease: float
    lix: float
    sentence: int


LIMITS = {
    "toddlers": Limits(3, 80, 25, 16),
    "preschoolers": Limits(4, 75, 28, 18),
    "early elementary": Limits(5, 70, 32, 22),
    "late elementary": Limits(7, 60, 38, 28),
    "preteens": Limits(9, 50, 44, 32),
}


@dataclass(frozen=True)
class ReadingLevel:
    """formula: by FORMULAS of the language; lix; sentence: words of the longest sentence; words: in all."""

    language: str
    formula: float
    lix: float
    sentence: int
    words: int

    def too_hard_for(self, age_group: str) -> str:
        """What is too hard for an age group, or nothing."""
        limits = LIMITS[age_group]
        reasons = []
        if self.sentence > limits.sentence:
            reasons.append(f"a sentence of {self.sentence} words (at most {limits.sentence})")
        if self.words >= SHORTEST:
            if self.language == "fr" and self.formula < limits.ease:
                reasons.append(f"reading ease {self.formula:.0f} (at least {limits.ease:.0f})")
            if self.language != "fr" and self.formula > limits.grade:
                reasons.append(f"grade {self.formula:.1f} (at most {limits.grade:.0f})")
            if self.lix > limits.lix:
                reasons.append(f"LIX {self.lix:.0f} (at most {limits.lix:.0f})")
        return ", ".join(reasons)


def reading_level(text: str, language: str) -> ReadingLevel:
    """The reading level of a text in "en", "fr" or "de"; all zero for a text without words."""
    from textstat import textstat  # type: ignore[import-untyped]

    sentences = [len(re.findall(r"[\w'’-]+", sentence)) for sentence in re.split(r"[.!?…\n]+", text)]
    if not sum(sentences):
        return ReadingLevel(language, 0.0, 0.0, 0, 0)
    textstat.set_lang(language)
    match language:
        case "fr":
            formula = textstat.flesch_reading_ease(text)
        case "de":
            formula = textstat.wiener_sachtextformel(text, 1)
        case _:
            formula = textstat.flesch_kincaid_grade(text)
    return ReadingLevel(language, formula, textstat.lix(text), max(sentences), sum(sentences))
