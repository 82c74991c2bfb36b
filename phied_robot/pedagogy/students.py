"""Who is taught, and what was said so far."""

from collections import deque
from dataclasses import dataclass
from typing import TypeVar

from phied_robot.pedagogy.lessons import Check, Lesson

MAX_TURNS = 40
"""A conversation remembers this many turns: more than any prompt holds."""

Value = TypeVar("Value")

AGE_GROUPS = {3: "toddlers", 4: "preschoolers", 6: "early elementary", 9: "late elementary", 11: "preteens"}
"""The youngest age of each group, as Phi-Ed's story groups name them (RO-MAN 2025)."""


def age_band(age: int) -> str:
    """The name of the group that an age in years belongs to, such as "preschoolers" (4 and 5)."""
    return next((name for youngest, name in reversed(AGE_GROUPS.items()) if age >= youngest), AGE_GROUPS[3])


@dataclass(frozen=True)
class Turn:
    """One exchange. `fact` is the id of the fact last spoken of, `check` the check question last asked."""

    heard: str
    strategy: str
    answer: str
    fact: str = ""
    check: Check | None = None

    @property
    def question(self) -> str:
        """What the tutor asked at the end, or nothing."""
        last = self.answer.replace("!", ".").split(".")[-1].strip()
        return last if last.endswith("?") else ""


class Conversation:
    """The turns of one session on one lesson, newest last; the oldest are forgotten."""

    def __init__(self, lesson: Lesson) -> None:
        """Begin with nothing said."""
        self._turns: deque[Turn] = deque(maxlen=MAX_TURNS)
        self._facts = {_plain(sentence): fact_id for sentence, fact_id in _sentences_of(lesson)}
        self._checks = {_plain(check.question): check for check in lesson.questions}

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns that are remembered."""
        return tuple(self._turns)

    def remember(self, heard: str, strategy: str, answer: str) -> Turn:
        """Add a turn; its fact and check are found by the lesson's sentences, which stand in answers word for word."""
        said = _plain(answer)
        fact = _last_in(said, self._facts) or ""
        check = _last_in(said, self._checks)
        turn = Turn(heard, strategy, answer, fact=check.fact if check else fact, check=check)
        self._turns.append(turn)
        return turn


def _sentences_of(lesson: Lesson) -> list[tuple[str, str]]:
    sentences = [(said, fact.id) for fact in lesson.facts for said in (fact.ask, fact.hint, fact.example, fact.text)]
    return sentences + [(entry.correction, entry.fact) for entry in lesson.misconceptions]


def _plain(sentence: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in sentence.lower()).split())


def _last_in(said: str, sentences: dict[str, Value]) -> Value | None:
    """The value of the sentence that ends last in what was said; of two that end together, the longer."""
    found = [
        (said.rfind(sentence) + len(sentence), len(sentence), sentence) for sentence in sentences if sentence in said
    ]
    return sentences[max(found)[2]] if found else None
