"""MathDial (eth-nlped/mathdial, CC BY-SA 4.0): teachers who help a simulated pupil with a word problem."""

import re
from pathlib import Path

from pydantic import BaseModel, Field

from phied_robot.training.data.dialogue import Utterance, write_dialogue
from phied_robot.training.data.examples import Example
from phied_robot.training.data.files import DataError, Mistakes, files_of, read_json_lines
from phied_robot.training.data.importers.records import validated
from phied_robot.training.data.importers.teaching import Origin, answer, choice

LESSON = "Word problems"
MOVES = ("generic", "focus", "probing", "telling")
_TURN = re.compile(r"\s*([^:|]+):\s*(?:\(([a-z]+)\))?\s*(.*)", re.DOTALL)

_CORRECTS = re.compile(r"\b(incorrect|mistake|wrong|not (quite|right|correct)|isn't (right|correct)|should be)\b", re.I)
_CONFIRMS = re.compile(
    r"^\W*(yes|yep|yeah|great|brilliant|good|excellent|right)\b|\b(correct|exactly|perfect|well done|that'?s (it|right)"
    r"|you('re| are) right|you got it)\b",
    re.I,
)
_ENCOURAGES = re.compile(r"\b(try|keep going|you can|don't (worry|give up)|good (effort|start)|almost|nearly)\b", re.I)


class _Dialogue(BaseModel):
    qid: int | str
    question: str = Field(min_length=1)
    ground_truth: str
    conversation: str = Field(min_length=1)


def import_mathdial(path: Path) -> list[Example]:
    """A choice of strategy and an answer for each teacher's turn that answers the pupil.

    Args:
        path: one of the published JSONL files, or the folder that holds them.

    Raises:
        DataError: a file that cannot be read, is of another form, or names an unknown move.
    """
    examples, mistakes = [], Mistakes()
    for file in files_of(path, "*.jsonl"):
        for place, dialogue in validated(read_json_lines(file, mistakes), _Dialogue, mistakes):
            with mistakes.at(place):
                examples += _examples(dialogue)
    mistakes.refuse()
    return examples


def _examples(dialogue: _Dialogue) -> list[Example]:
    notes = (dialogue.question, f"Solution: {dialogue.ground_truth}")
    # A problem is taught in several dialogues: they share its solution.
    origin = Origin("mathdial", str(dialogue.qid))
    said: list[Utterance] = []
    examples = []
    for turn in dialogue.conversation.split("|EOM|"):
        if not turn.strip():
            continue
        match = _TURN.fullmatch(turn)
        if match is None:
            raise DataError(f"conversation: the turn {turn.strip()[:40]!r} does not begin with who speaks")
        speaker, move, text = match.groups()
        if speaker.strip() != "Teacher":
            said.append(Utterance("Student", text))
            continue
        if move not in MOVES:
            raise DataError(f"conversation: the move of {turn.strip()[:40]!r} is none of {', '.join(MOVES)}")
        if said and said[-1].speaker == "Student" and text.strip():
            conversation = write_dialogue(LESSON, notes, said)
            label = strategy_of(move, text)
            examples.append(choice(conversation, label, (), origin))
            examples.append(answer(conversation, label, text, origin))
        said.append(Utterance("Tutor", text))
    return examples


def strategy_of(move: str, text: str) -> str:
    """The strategy of a teacher's move; "generic" and "telling" are wide, so the words of the turn decide."""
    match move:
        case "probing":
            return "socratic_questioning"
        case "focus":
            return "scaffolding"
        case "telling":
            return "corrective_feedback" if _CORRECTS.search(text) else "direct_instruction"
    if _CONFIRMS.search(text) and not _CORRECTS.search(text):
        return "confirmation"
    return "encouragement" if _ENCOURAGES.search(text) else "redirection"
