"""What the demo model learns from: mini-lessons, what children say, and how answers are framed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from phied_robot.pedagogy.lessons import Lesson, lessons_directory, load_lesson
from phied_robot.pedagogy.retrieval import Retriever
from phied_robot.pedagogy.utterances import read_utterances

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
HELD_OUT_EVERY = 12
"""Every twelfth topic is kept from training, for the evaluation."""
BUNDLED_TIMES = 10
"""A bundled lesson is met so many times as often as a topic: it is what people try first."""


@dataclass(frozen=True)
class Corpus:
    """Texts for examples.

    lessons: to draw facts from.
    frames: what comes before and after a lesson's sentence, by strategy and manner; whole answers by kind.
    utterances: what children say, by kind.
    words: all words of all lessons of the corpus, for made-up facts.
    retrievers: what serving finds a lesson's notes with, by the lesson's name.
    """

    lessons: tuple[Lesson, ...]
    frames: dict[str, Any]
    utterances: dict[str, list[str]]
    words: tuple[str, ...]
    retrievers: dict[str, Retriever]


def read_corpus() -> tuple[Corpus, Corpus]:
    """The corpus for training and the one for evaluation, which holds topics that training never sees.

    The bundled lessons are in training: their words must not be strangers to the model that comes with them.
    """
    topics = [load_lesson(path) for path in sorted((CORPUS / "topics").glob("*.yaml"))]
    bundled = [load_lesson(path) for path in sorted(lessons_directory().glob("*.yaml"))]
    held_out = topics[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
    training = [topic for topic in topics if topic not in held_out]
    return _corpus(training, [lesson for lesson in bundled if lesson.language == "en"]), _corpus(held_out, [])


def _corpus(topics: list[Lesson], bundled: list[Lesson]) -> Corpus:
    lessons = [*topics, *bundled]
    return Corpus(
        lessons=(*topics, *bundled * BUNDLED_TIMES),
        frames=yaml.safe_load((CORPUS / "frames.yaml").read_text(encoding="utf-8")),
        utterances=read_utterances(),
        words=tuple(sorted({word for lesson in lessons for text in texts(lesson) for word in text.split()})),
        retrievers={lesson.name: Retriever(lesson) for lesson in lessons},
    )


def texts(lesson: Lesson) -> list[str]:
    """Every sentence of a lesson."""
    sentences = [lesson.title]
    for fact in lesson.facts:
        sentences += [fact.text, *fact.asked, fact.ask, fact.hint, fact.example]
    for entry in lesson.misconceptions:
        sentences += [entry.says, entry.correction]
    for check in lesson.checks:
        sentences += [check.question, check.answer]
    return sentences
