"""GSM8K socratic (openai/grade-school-math, MIT): word problems broken into questions."""

import re
from pathlib import Path

from pydantic import BaseModel, Field

from phied_robot.training.data.dialogue import UNHEARD, Utterance, write_dialogue
from phied_robot.training.data.examples import Example
from phied_robot.training.data.files import DataError, Mistakes, files_of, read_json_lines
from phied_robot.training.data.importers.records import validated
from phied_robot.training.data.importers.teaching import Origin, answer

LESSON = "Word problems"
_CALCULATION = re.compile(r"<<[^>]*>>")


class _Problem(BaseModel):
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


def import_gsm8k_socratic(path: Path) -> list[Example]:
    """The guiding question of each step, after the problem and the steps before.

    There is no choice to learn from it, since every turn is socratic_questioning.

    Args:
        path: a published JSONL file, or the folder that holds it.

    Raises:
        DataError: a file that cannot be read or is of another form.
    """
    examples, mistakes = [], Mistakes()
    for file in files_of(path, "*socratic*.jsonl"):
        for place, problem in validated(read_json_lines(file, mistakes), _Problem, mistakes):
            with mistakes.at(place):
                examples += _examples(problem, Origin("gsm8k-socratic", Path(place).name))
    mistakes.refuse()
    return examples


def _examples(problem: _Problem, origin: Origin) -> list[Example]:
    said = [Utterance("Student", problem.question)]
    examples = []
    for line in problem.answer.split("\n"):
        if line.startswith("####"):
            break
        question, marker, step = line.partition("**")
        if not marker:
            raise DataError(f"answer: the step {line[:40]!r} holds no ' ** ' between question and answer")
        examples.append(answer(write_dialogue(LESSON, (), said), "socratic_questioning", question, origin))
        said += [Utterance("Tutor", question), Utterance("Student", _CALCULATION.sub("", step).strip() or UNHEARD)]
    return examples
