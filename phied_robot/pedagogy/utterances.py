"""What children say in a lesson, by kind: for the recognizer to expect, and for training."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from phied_robot.pedagogy.lessons import Lesson

_FILE = Path(__file__).with_name("utterances.yaml")
_SLOTS = ("{question}", "{statement}")
WEIGHT_OF_QUESTIONS = 4
"""A lesson's own questions come this much more often than its other sentences."""


@cache
def read_utterances() -> dict[str, list[str]]:
    """What children say in English, by kind; {question} and {statement} stand for words of a lesson."""
    content: dict[str, list[str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return content


def expected_phrases(lesson: Lesson) -> list[str]:
    """Sentences that a child may say in a lesson, as often as they are likely beside each other."""
    phrases = [phrase for fact in lesson.facts for phrase in (*fact.asked * WEIGHT_OF_QUESTIONS, fact.text)]
    phrases += [phrase for fact in lesson.facts for phrase in (fact.ask, fact.hint, fact.example)]
    phrases += [entry.says for entry in lesson.misconceptions]
    phrases += [phrase for check in lesson.questions for phrase in (check.question, check.answer, *check.accept)]
    return phrases + (list(_without_slots(read_utterances())) if lesson.language == "en" else [])


def _without_slots(utterances: dict[str, list[str]]) -> Iterable[str]:
    for said in (one for kind in utterances.values() for one in kind):
        for slot in _SLOTS:
            said = said.replace(slot, " ")
        yield said
