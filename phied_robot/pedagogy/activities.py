"""Stories and quizzes: what the model is asked for, and the form of a quiz."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

STORY_WORDS = (200, 300)
"""A story in class has this many words (RO-MAN 2025)."""
QUIZ_QUESTIONS = 3
"""A story is followed by this many questions, their answers taken from it (RO-MAN 2025)."""

QUIZ_INSTRUCTION = (
    f"Ask exactly {QUIZ_QUESTIONS} questions about the story, numbered, each followed by a line 'Answer:' "
    "with its answer in words of the story."
)


@dataclass(frozen=True)
class QuizQuestion:
    """A question and its answer."""

    question: str
    answer: str


def story_instruction(topic: str, age_group: str) -> str:
    """What asks for a story."""
    return f"Tell a story about {topic} for {age_group}, in {STORY_WORDS[0]} to {STORY_WORDS[1]} words."


def write_quiz(questions: Iterable[QuizQuestion]) -> str:
    """A quiz as text: each question numbered, its answer on the line below."""
    return "\n".join(f"{number}. {one.question}\nAnswer: {one.answer}" for number, one in enumerate(questions, start=1))


def parse_quiz(text: str) -> list[QuizQuestion]:
    """The questions of a text that have the form of `write_quiz`, in their order; what else it says is passed over."""
    found = re.findall(r"^\s*\d+[.)]\s*(\S.*?)\s*\n+\s*Answer:\s*(\S.*?)\s*$", text, re.MULTILINE)
    return [QuizQuestion(question, answer) for question, answer in found]
