"""Kills every process of a tutor in every phase of a turn, and judges what becomes of this turn and of the next."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from rich.table import Table

from phied_robot.messages import Expression, Payload, Progress, Reply, SpeechState, Turn

NODES = (
    "speech_input",
    "pedagogical_strategy",
    "response_generation",
    "language_model",
    "robot_expression",
    "reachy_mini",
    "session",
    "robot",
)
"""All that can die; `robot` is the simulated robot's daemon."""
PHASES = ("listening", "deciding", "answering", "speaking")
QUESTIONS = ("Why do plants need sunlight?", "What do roots do?", "How do leaves breathe?", "Why are leaves green?")


class Tutor(Protocol):
    """What a trial needs of a tutor."""

    messages: list[Payload]

    def ask(self, question: str) -> str:
        """Put a question; its turn id."""

    def hear(self, recording: Path) -> None:
        """Let a fresh speech input hear a recording."""

    def kill(self, name: str) -> None:
        """End a process as a crash does."""

    def wait(self, happened: Callable[[Payload], bool], what: str, since: int = 0) -> int:
        """The place of the first message that fits."""


@dataclass
class Trial:
    """One kill. `wrong` says what should not have been; `turn` and `next_turn` how the two turns ended."""

    node: str
    phase: str
    turn: str = ""
    next_turn: str = ""
    wrong: list[str] = field(default_factory=list)


def cells(nodes: Sequence[str] = NODES, phases: Sequence[str] = PHASES) -> list[tuple[str, str]]:
    """Every node in every phase; consecutive ones kill different nodes."""
    return [(node, phase) for phase in phases for node in nodes]


def run_trial(tutor: Tutor, node: str, phase: str, recording: Path, store: Path) -> Trial:
    """Kill `node` in `phase` of a turn, wait for the turn's end, ask again, and judge both turns.

    Args:
        tutor: ready for a question.
        node: one of NODES.
        phase: one of PHASES.
        recording: a spoken question that this tutor has not heard yet, for speech input to hear when it is to die.
        store: the tutor's session store.
    """
    trial = Trial(node, phase)
    begin = len(tutor.messages)
    turn_id = ""
    try:
        if node == "speech_input":
            tutor.hear(recording)
        if phase == "listening":
            if node == "speech_input":
                tutor.wait(lambda one: isinstance(one, SpeechState) and one.state == "hearing", "hearing", begin)
        else:
            if node != "speech_input":
                tutor.ask(QUESTIONS[0])
            turn_id = tutor.messages[tutor.wait(_in_phase(phase), phase, begin)].turn_id
        tutor.kill(node)
        if phase == "listening" and node == "speech_input":
            # What was half heard when it died is heard again from its begin.
            turn_id = tutor.messages[tutor.wait(_in_phase("deciding"), "a turn", begin)].turn_id
        if turn_id:
            tutor.wait(_ended(turn_id), f"the end of turn {turn_id}", begin)
        next_id = tutor.ask(QUESTIONS[1 + len(tutor.messages) % (len(QUESTIONS) - 1)])
        tutor.wait(_ended(next_id), f"the end of the next turn {next_id}", begin)
    except RuntimeError as error:
        trial.wrong.append(str(error))
        return trial
    messages = tutor.messages[begin:]
    trial.turn = _judge(turn_id, messages, store, trial.wrong) if turn_id else ""
    trial.next_turn = _judge(next_id, messages, store, trial.wrong)
    if not trial.next_turn.startswith("done"):
        trial.wrong.append(f"the next turn ended as {trial.next_turn}")
    return trial


def _in_phase(phase: str) -> Callable[[Payload], bool]:
    if phase == "speaking":
        return lambda one: isinstance(one, Expression) and one.event == "sentence_started"
    return lambda one: isinstance(one, Turn) and one.phase == phase


def _ended(turn_id: str) -> Callable[[Payload], bool]:
    return lambda one: (end := _end(one)) is not None and end.turn_id == turn_id


def _end(message: Payload) -> Turn | None:
    """The end of a turn that a message tells: its terminal message, or the progress for whoever came later."""
    turn = message.turn if isinstance(message, Progress) else message
    return turn if isinstance(turn, Turn) and turn.done else None


def _judge(turn_id: str, messages: Sequence[Payload], store: Path, wrong: list[str]) -> str:
    """How a turn ended and whose answer it was; what was wrong with it goes to `wrong`."""
    own = [one for one in messages if one.turn_id == turn_id]
    told = [one for one in own if isinstance(one, Turn) and one.done]
    if len(told) > 1:
        wrong.append(f"{len(told)} terminal messages for one turn")
    end = next(end for one in messages if (end := _end(one)) is not None and end.turn_id == turn_id)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        kept = [row[0] for row in database.execute("SELECT status FROM turns WHERE turn_id = ?", (turn_id,))]
    if kept != [end.status]:
        wrong.append(f"the store has {kept} of a turn that ended as {end.status}")
    # A sentence that was cut off is said again; one that was said to its end is not.
    spoken = Counter(one.sentence for one in own if isinstance(one, Expression) and one.event == "sentence_ended")
    if any(number > 1 for number in spoken.values()):
        wrong.append("a sentence of the answer was spoken twice")
    prepared = [one for one in own if isinstance(one, Reply) and one.source == "prepared" and one.sentence]
    if len(prepared) > 1:
        wrong.append(f"{len(prepared)} prepared sentences in one turn")
    return f"{end.status}{', prepared' if prepared else ''}"


def table(trials: Iterable[Trial]) -> Table:
    """One row a node, one column a phase: how many trials went well, and how their turns ended."""
    shown = Table("killed", *PHASES, title="kill -9: trials without fault, and how the turn ended")
    trials = list(trials)
    for node in dict.fromkeys(trial.node for trial in trials):
        row = []
        for phase in PHASES:
            cell = [trial for trial in trials if (trial.node, trial.phase) == (node, phase)]
            ends = Counter(trial.turn for trial in cell if trial.turn)
            good = sum(not trial.wrong for trial in cell)
            said = "; ".join(f"{number} {end}" for end, number in ends.most_common())
            colour = "" if good == len(cell) else "[bold red]"
            row.append(f"{colour}{good} of {len(cell)}{f': {said}' if said else ''}" if cell else "")
        shown.add_row(node, *row)
    return shown


def write_json(trials: Sequence[Trial], path: Path) -> None:
    """All trials, for later comparison."""
    path.write_text(json.dumps([asdict(trial) for trial in trials], indent=2) + "\n", encoding="utf-8")
