"""Bridge (rosewang2008/bridge, MIT): mathematics tutoring of primary school pupils, remediated by expert teachers."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from phied_robot.pedagogy.students import age_band
from phied_robot.training.data.dialogue import UNHEARD, Utterance, write_dialogue
from phied_robot.training.data.examples import AGE_GROUP, AgeGroup, Example
from phied_robot.training.data.files import DataError, files_of, read_json
from phied_robot.training.data.importers.records import validated
from phied_robot.training.data.importers.teaching import Origin, answer, choice

STRATEGIES = {
    "ask_question": "socratic_questioning",
    "provide_hint": "scaffolding",
    "simplify_question": "scaffolding",
    "provide_strategy": "scaffolding",
    "explain_concept": "direct_instruction",
    "provide_example": "worked_example",
    "provide_similar_problem": "worked_example",
    "provide_correction": "corrective_feedback",
    "affirm_correct_answer": "confirmation",
    "encourage_student": "encouragement",
}
"""Their `z_what`; some teachers wrote free text instead (a goodbye, a remark on the platform): redirection."""

_CODE = re.compile(r"(\d)\.[\w.]*?\.\s*")
_PLACEHOLDER = re.compile(r",?\s*\[STUDENT\],?")
YEARS_BEFORE_GRADE = 6
"""A pupil of grade 3 in the United States turns nine."""


class _Turn(BaseModel):
    user: Literal["student", "tutor"]
    text: str


class _Context(BaseModel):
    c_id: str
    lesson_topic: str
    c_h: list[_Turn]
    c_r_: list[_Turn]
    z_what: str

    @property
    def conversation_id(self) -> str:
        """`c_id` is the conversation and the place in it: a split by `c_id` leaks, one by the conversation does not."""
        return self.c_id.rpartition("_")[0] or self.c_id


def import_bridge(path: Path) -> list[Example]:
    """A choice of strategy and an answer for each context; `accepted` holds the choices of all its teachers.
    Args:
        path: one of the published files, or the folder that holds them.

    Raises:
        DataError: a file that cannot be read or is of another form.
    """
    values = []
    for file in files_of(path, "*.json"):
        content = read_json(file)
        if not isinstance(content, list):
            raise DataError(f"{file}: Bridge's files hold a list of contexts")
        values += [(f"{file}: context {number}", value) for number, value in enumerate(content, start=1)]
    contexts = [context for _place, context in validated(values, _Context)]
    accepted = defaultdict(set)
    for context in contexts:
        accepted[context.c_id].add(_label(context))
    return [example for context in contexts for example in _examples(context, accepted[context.c_id])]


def _examples(context: _Context, accepted: set[str]) -> list[Example]:
    grade = _CODE.match(context.lesson_topic)
    conversation = write_dialogue(_CODE.sub("", context.lesson_topic, count=1), (), _utterances(context.c_h))
    label = _label(context)
    origin = Origin("bridge", context.conversation_id, _age_group(int(grade[1])) if grade else None)
    words = " ".join(turn.text for turn in _utterances(context.c_r_))
    return [choice(conversation, label, accepted, origin), answer(conversation, label, words, origin)]


def _label(context: _Context) -> str:
    return STRATEGIES.get(context.z_what, "redirection")


def _age_group(grade: int) -> AgeGroup:
    return AGE_GROUP.validate_python(age_band(grade + YEARS_BEFORE_GRADE))


def _utterances(turns: list[_Turn]) -> list[Utterance]:
    """The turns, without the placeholder that stands for a pupil's name; a pupil's turn may hold no text."""
    return [
        Utterance("Student", turn.text.strip() or UNHEARD)
        if turn.user == "student"
        else Utterance("Tutor", _PLACEHOLDER.sub("", turn.text))
        for turn in turns
    ]
