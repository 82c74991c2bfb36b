"""Sentences for the moments in which no model speaks, in the languages and manners of the tutor.

A seed picks the variant, so that a study can be repeated word for word. Extravert variants speak of "we" and
warmly, introvert ones of "I" and tentatively (facts and sources: the trait scale in personality.py).
"""

from phied_robot.pedagogy.lessons import Fact
from phied_robot.pedagogy.prepared_sentences import (
    FILLERS,
    GREETINGS,
    LATE_OPENERS,
    QUIZ_OVER,
    REFUSALS,
    RESUMED,
    RIGHT,
    STORIES,
    UNKNOWN,
    WRONG,
    Manners,
)
from phied_robot.pedagogy.questions import Refusal
from phied_robot.personality import manner


def late_answer(fact: Fact | None, language: str, extraversion: float, seed: int) -> str:
    """The answer when the model is late or missing: the lesson's own fact, or that the tutor does not know."""
    if fact is None:
        return unknown(language, extraversion, seed)
    return f"{_pick(LATE_OPENERS, language, extraversion, seed)} {fact.text}"


def unknown(language: str, extraversion: float, seed: int) -> str:
    """Said when the lesson holds no answer."""
    return _pick(UNKNOWN, language, extraversion, seed)


def refused(language: str, seed: int, refusal: Refusal | None = None) -> str:
    """Said to a question that was refused; without a reason, a sentence that fits any."""
    variants = REFUSALS[language][refusal or "other"]
    return variants[seed % len(variants)]


def filler(language: str, extraversion: float, seed: int) -> str:
    """Said while the answer is being thought of."""
    return _pick(FILLERS, language, extraversion, seed)


def greeting(title: str, language: str, extraversion: float, seed: int) -> str:
    """Said when a lesson of that title begins."""
    return _pick(GREETINGS, language, extraversion, seed).format(title=title)


def resumed(language: str, extraversion: float, seed: int) -> str:
    """Said when the robot goes on after a pause."""
    return _pick(RESUMED, language, extraversion, seed)


def story(title: str, language: str, extraversion: float, seed: int) -> str:
    """Said before a story of that title."""
    return _pick(STORIES, language, extraversion, seed).format(title=title)


def right(language: str, extraversion: float, seed: int) -> str:
    """Said to a right answer in a quiz."""
    return _pick(RIGHT, language, extraversion, seed)


def wrong(answer: str, language: str, extraversion: float, seed: int) -> str:
    """Said to a wrong answer in a quiz, or to none; `answer` is the right one, such as "the roots"."""
    return _pick(WRONG, language, extraversion, seed).format(answer=answer)


def quiz_over(language: str, extraversion: float, seed: int) -> str:
    """Said after the last question of a quiz."""
    return _pick(QUIZ_OVER, language, extraversion, seed)


def _pick(sentences: dict[str, Manners], language: str, extraversion: float, seed: int) -> str:
    variants = sentences[language][manner(extraversion)]
    return variants[seed % len(variants)]
