"""FairytaleQA (uci-soe/FairytaleQAData, Apache-2.0): tales by section, with questions that teachers wrote."""

import csv
from collections import defaultdict
from pathlib import Path

from pydantic import BaseModel, Field

from phied_robot.pedagogy.activities import QUIZ_INSTRUCTION, QUIZ_QUESTIONS, QuizQuestion, write_quiz
from phied_robot.training.data.dialogue import Utterance, write_dialogue
from phied_robot.training.data.examples import Example
from phied_robot.training.data.files import DataError, files_of, read_text
from phied_robot.training.data.importers.records import validated
from phied_robot.training.data.importers.teaching import Origin, answer

SHORTEST_ANSWER = 3
"""Words; a tutor's answer of one word teaches no manner of speaking."""


class _Section(BaseModel):
    section: str
    text: str


class _Question(BaseModel):
    section: str = Field(alias="cor_section")
    question: str
    kind: str = Field(alias="ex-or-im1")
    answer: str = Field(alias="answer1")


def import_fairytaleqa(path: Path) -> list[Example]:
    """A quiz for each section that has three questions whose answers stand in it, and a grounded answer to each
    question that is answered by some of its words.

    The tales are far longer than a story in class, so none is taken as one.

    Args:
        path: the folder with `questions` and `section-stories`.

    Raises:
        DataError: a file that cannot be read or is of another form.
    """
    if not path.is_dir():
        raise DataError(f"{path} is no folder; give the one with 'questions' and 'section-stories'")
    stories = {file.name.removesuffix("-story.csv"): file for file in files_of(path, "*-story.csv")}
    examples = []
    for file in files_of(path, "*-questions.csv"):
        name = file.name.removesuffix("-questions.csv")
        if name not in stories:
            raise DataError(f"{file}: its story {name}-story.csv is missing")
        sections = {one.section: " ".join(one.text.split()) for _, one in validated(_rows(stories[name]), _Section)}
        examples += _examples(name, sections, [one for _, one in validated(_rows(file), _Question)])
    return examples


def _rows(file: Path) -> list[tuple[str, dict[str, str]]]:
    reader = csv.DictReader(read_text(file).splitlines(keepends=True))
    return [(f"{file}:{reader.line_num}", row) for row in reader]


def _examples(name: str, sections: dict[str, str], questions: list[_Question]) -> list[Example]:
    examples, origin = [], Origin("fairytaleqa", name)
    quizzes = defaultdict(list)
    for one in questions:
        text, words = sections.get(one.section, ""), one.answer.strip(" .")
        if one.kind != "explicit" or not words or words.lower() not in text.lower():
            continue
        quizzes[one.section].append(QuizQuestion(one.question.strip(), words))
        if len(words.split()) >= SHORTEST_ANSWER:
            said = [Utterance("Student", one.question)]
            conversation = write_dialogue(name.replace("-", " ").capitalize(), (text,), said)
            examples.append(answer(conversation, "direct_instruction", words, origin))
    for section, quiz in quizzes.items():
        if len(quiz) >= QUIZ_QUESTIONS:
            examples.append(
                Example(
                    instruction=QUIZ_INSTRUCTION,
                    input=sections[section],
                    output=write_quiz(quiz[:QUIZ_QUESTIONS]),
                    task="questions",
                    source=origin.source,
                    conversation_id=origin.conversation_id,
                )
            )
    return examples
