"""A tutoring conversation as the plain text of an example's input: readable, and parsed back without loss."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from phied_robot.pedagogy.prompts import Exchange

Speaker = Literal["Student", "Tutor"]

UNHEARD = "…"
"""Stands for what a student said that is not known: chats begin with the student, excerpts of them may not."""

_LINE = re.compile(r"(Lesson|Note|Student|Tutor):\s*(.*)")


@dataclass(frozen=True)
class Utterance:
    """What one of the two said."""

    speaker: Speaker
    text: str


@dataclass(frozen=True)
class Dialogue:
    """A conversation up to the student's last words, with the lesson's title and the notes that the tutor has."""

    lesson: str
    notes: tuple[str, ...]
    utterances: tuple[Utterance, ...]

    @property
    def heard(self) -> str:
        """What the tutor has to answer."""
        return self.utterances[-1].text

    @property
    def history(self) -> list[Exchange]:
        """The exchanges before, oldest first."""
        said = [utterance.text for utterance in self.utterances[:-1]]
        if self.utterances[0].speaker == "Tutor":
            said.insert(0, UNHEARD)
        return [Exchange(heard, answer) for heard, answer in zip(said[::2], said[1::2], strict=True)]


def alternating(utterances: Iterable[Utterance]) -> list[Utterance]:
    """The same conversation with what one says in a row joined, and without empty words."""
    merged: list[Utterance] = []
    for utterance in utterances:
        text = " ".join(utterance.text.split())
        if text and merged and merged[-1].speaker == utterance.speaker:
            merged[-1] = Utterance(utterance.speaker, f"{merged[-1].text} {text}")
        elif text:
            merged.append(Utterance(utterance.speaker, text))
    return merged


def write_dialogue(lesson: str, notes: Sequence[str], utterances: Iterable[Utterance]) -> str:
    """The input of an example: the lesson, the notes and the conversation, a line each."""
    lines = [("Lesson", lesson), *(("Note", note) for note in notes)]
    lines += [(utterance.speaker, utterance.text) for utterance in alternating(utterances)]
    return "\n".join(f"{key}: {' '.join(text.split())}" for key, text in lines if text)


def parse_dialogue(text: str) -> Dialogue | None:
    """Read the input of an example; None where it is no conversation that ends with the student's words."""
    lesson, notes, utterances = "", [], []
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            return None
        key, said = match.groups()
        if key == "Lesson":
            lesson = said
        elif key == "Note":
            notes.append(said)
        else:
            utterances.append(Utterance("Student" if key == "Student" else "Tutor", said))
    utterances = alternating(utterances)
    if not utterances or utterances[-1].speaker != "Student":
        return None
    return Dialogue(lesson, tuple(notes), tuple(utterances))
