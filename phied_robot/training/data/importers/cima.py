"""CIMA (Stasaski et al. 2020, CC BY 2.5): exercises in Italian prepositions, each answered by several tutors."""

import json
import re
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

from phied_robot.training.data.dialogue import Utterance, write_dialogue
from phied_robot.training.data.examples import Example
from phied_robot.training.data.files import DataError, files_of, read_json
from phied_robot.training.data.importers.records import validated
from phied_robot.training.data.importers.teaching import Origin, answer, choice

LESSON = "Italian words for where things are"
ACTIONS = ("question", "hint", "correction", "confirmation", "other")
"""The order of `tutorActions`."""
STRATEGIES = {
    "correction": "corrective_feedback",
    "confirmation": "confirmation",
    "question": "socratic_questioning",
    "hint": "scaffolding",
    "other": "redirection",
}
"""In the order of precedence: a turn that corrects and then hints is a correction."""


class _Exercise(BaseModel):
    past_convo: list[str] = Field(min_length=2)
    img: str
    prep: str
    eng_prep: str = Field(alias="engPrep")
    obj: str
    eng_obj: str = Field(alias="engObj")
    color: str
    eng_color: str = Field(alias="engColor")
    grammar_rules: list[list[str]] = Field(alias="grammarRules")
    responses: list[str] = Field(alias="tutorResponses")
    actions: list[list[bool]] = Field(alias="tutorActions")

    @field_validator("grammar_rules", mode="before")
    @classmethod
    def _decoded(cls, value: object) -> object:
        """The rules are JSON inside a string, at times with other rules behind their end."""
        return json.JSONDecoder().raw_decode(value)[0] if isinstance(value, str) else value


def import_cima(path: Path) -> list[Example]:
    """A choice of strategy and an answer for each tutor's turn; `accepted` holds the choices of all its tutors.

    Args:
        path: `dataset.json`, or the folder that holds it.

    Raises:
        DataError: the file cannot be read or is of another form.
    """
    examples = []
    for file in files_of(path, "dataset.json"):
        content = read_json(file)
        exercises = content.get("prepDataset") if isinstance(content, dict) else None
        if not isinstance(exercises, dict):
            raise DataError(f"{file}: CIMA's file holds exercises in 'prepDataset'")
        values = [(f"{file}: exercise {key}", value) for key, value in exercises.items()]
        for _place, exercise in validated(values, _Exercise):
            examples += _examples(exercise)
    return examples


def _examples(exercise: _Exercise) -> list[Example]:
    said = [Utterance("Student" if number % 2 else "Tutor", text) for number, text in enumerate(exercise.past_convo)]
    conversation = write_dialogue(LESSON, _notes(exercise), said)
    turns = [
        (text, _labels(exercise, text, flags))
        for text, flags in zip(exercise.responses, exercise.actions, strict=True)
        if text.strip()
    ]
    accepted = {label for _text, labels in turns for label in labels}
    # One picture was described by many pupils: all its conversations are about the same words.
    origin = Origin("cima", Path(exercise.img.strip('"')).stem)
    examples = []
    for text, labels in turns:
        examples.append(choice(conversation, labels[0], accepted, origin))
        examples.append(answer(conversation, labels[0], text, origin))
    return examples


def _notes(exercise: _Exercise) -> list[str]:
    pairs = ((exercise.eng_prep, exercise.prep), (exercise.eng_obj, exercise.obj), (exercise.eng_color, exercise.color))
    return [f'"{english}" is "{italian}".' for english, italian in pairs] + [rule[0] for rule in exercise.grammar_rules]


def _labels(exercise: _Exercise, text: str, flags: list[bool]) -> list[str]:
    """The strategies of a turn, by precedence; a hint that says the Italian word is an explanation."""
    actions = {action for action, flag in zip(ACTIONS, flags, strict=True) if flag} or {"other"}
    labels = [label for action, label in STRATEGIES.items() if action in actions]
    said = set(re.findall(r"\w+", text.lower()))
    answers = {word for part in (exercise.prep, exercise.obj, exercise.color) for word in re.findall(r"\w{3,}", part)}
    return ["direct_instruction" if label == "scaffolding" and said & answers else label for label in labels]
