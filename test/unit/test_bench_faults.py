"""What the benches of faults and endurance call wrong."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from phied_robot.bench import endurance, faults, interrupts, power_cuts
from phied_robot.bench.endurance import Endured, Size
from phied_robot.bench.interrupts import Interrupt
from phied_robot.messages import Expression, Payload, Progress, Reply, Session, Turn
from phied_robot.sessions.store import SessionStore


class PlayedTutor:
    """Answers as it was told to; `after_kill` are the messages that the killed turn still gets."""

    def __init__(self, store: SessionStore, after_kill: list[Payload], kept: bool = True) -> None:
        self.messages: list[Payload] = []
        self.killed = ""
        self._store, self._after_kill, self._kept = store, after_kill, kept
        self._number = 0

    def ask(self, question: str) -> str:
        self._number += 1
        turn_id = f"t{self._number}"
        self.messages.append(Turn(turn_id=turn_id, phase="deciding", heard=question))
        if self._number == 2:
            self._end([Turn(turn_id=turn_id, phase="ended", status="done", done=True)], kept=True)
        return turn_id

    def hear(self, recording: Path) -> None:
        raise NotImplementedError

    def kill(self, name: str) -> None:
        self.killed = name
        self._end(self._after_kill, self._kept)

    def wait(self, happened: Callable[[Payload], bool], what: str, since: int = 0) -> int:
        for place, message in enumerate(self.messages[since:], start=since):
            if happened(message):
                return place
        raise RuntimeError(f"{what} did not come")

    def _end(self, messages: list[Payload], kept: bool) -> None:
        self.messages += messages
        for turn in messages:
            if isinstance(turn, Turn) and turn.done and kept:
                self._store.add(turn, Session())


DONE = Turn(turn_id="t1", phase="ended", status="done", done=True)
SAID = Expression(turn_id="t1", event="sentence_ended", sentence="One.")
PREPARED = Reply(turn_id="t1", sentence="One.", source="prepared", done=True)


@pytest.mark.parametrize(
    ("after_kill", "kept", "wrong"),
    [
        ([PREPARED, SAID, DONE], True, ""),
        ([Progress(turn=DONE), DONE, Progress(turn=DONE)], True, ""),
        ([DONE, DONE], True, "2 terminal messages"),
        ([DONE], False, "the store has []"),
        ([SAID, SAID, DONE], True, "spoken twice"),
        ([PREPARED, PREPARED, DONE], True, "2 prepared sentences"),
        ([], True, "did not come"),
    ],
)
def test_a_trial_finds_what_should_not_be(tmp_path: Path, after_kill: list[Payload], kept: bool, wrong: str) -> None:
    path = tmp_path / "s.sqlite"
    tutor = PlayedTutor(SessionStore(path), after_kill, kept)
    trial = faults.run_trial(tutor, "session", "deciding", tmp_path / "q.wav", path)
    assert tutor.killed == "session"
    assert wrong in "; ".join(trial.wrong) and bool(trial.wrong) == bool(wrong)
    console = Console(record=True, width=120)
    console.print(faults.table([trial]))
    assert f"{int(not wrong)} of 1" in console.export_text()


def endured(turns: int, memory: Callable[[int], float], latency: float = 0.5, files: int = 10) -> list[Endured]:
    return [
        Endured("done", latency * (1 + number / turns), {"session": Size(memory(number), 4, files + number // 150)})
        for number in range(turns)
    ]


def test_what_grows_is_seen(tmp_path: Path) -> None:
    flat = [Endured("done", 0.5, {"session": Size(80.0, 4, 10)}) for _ in range(200)]
    _, good = endurance.report(flat)
    assert good
    growths = endurance.growths(endured(200, lambda number: 80.0 + number * 0.1))
    assert growths["session"].memory > 0.05 and not growths["session"].holds
    _, good = endurance.report(endured(200, lambda _: 80.0))
    assert not good, "latency and files have grown"
    endurance.draw(flat, tmp_path / "chart.png")
    endurance.write_json(flat, tmp_path / "turns.json")
    assert (tmp_path / "chart.png").stat().st_size > 10_000 and (tmp_path / "turns.json").read_text().startswith("[")


@pytest.mark.parametrize(
    ("program", "code", "left"),
    [
        ("try:\n    ready.touch(); time.sleep(60)\nexcept KeyboardInterrupt:\n    sys.exit(130)", 130, 0),
        ("deaf(); subprocess.Popen(['sleep', '60']); ready.touch(); sys.exit(130)", 130, 1),
        ("deaf(); ready.touch(); sys.exit(3)", 3, 0),
    ],
)
def test_how_a_program_ends_and_what_it_leaves_is_seen(tmp_path: Path, program: str, code: int, left: int) -> None:
    ready = tmp_path / "ready"
    head = f"""import pathlib, signal, subprocess, sys, time
ready = pathlib.Path({str(ready)!r})
deaf = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
"""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", head + program], text=True, env=environment, preexec_fn=interrupts.hear_interrupts
    )
    while not ready.exists():
        time.sleep(0.01)
    one = interrupts._interrupt(process, 0.0, tmp_path)
    assert (one.code, len(one.left)) == (code, left)


def test_clean_is_in_time_as_asked_and_without_remains() -> None:
    assert Interrupt(1.0, 4.9, 130, []).clean
    assert Interrupt(0.02, 0.1, 1, []).clean, "Python itself was still starting"
    for other in (Interrupt(1.0, 5.1, 130, []), Interrupt(1.0, 1.0, 1, []), Interrupt(1.0, 1.0, 130, ["sleep 60"])):
        assert not other.clean


def test_interruptions_are_written_down(tmp_path: Path) -> None:
    interrupts.write_json([Interrupt(1.0, 2.0, 130, [])], tmp_path / "starts.json")
    assert json.loads((tmp_path / "starts.json").read_text()) == [{"after": 1.0, "took": 2.0, "code": 130, "left": []}]


LESSON = """
import os, sys, time
from pathlib import Path
from phied_robot.messages import Session, Turn
from phied_robot.sessions.store import SessionStore

store = SessionStore(Path(os.environ["XDG_STATE_HOME"]) / "phied_robot/sessions.sqlite")
for line in sys.stdin:
    turn = Turn(session_id=str(os.getpid()), turn_id=str(time.time()), heard=line.strip(), phase="ended", done=True)
    {write}
    print("timings")
"""
WRITE = "store.add(turn, Session(session_id=turn.session_id))"


@pytest.mark.parametrize(("write", "sound"), [(WRITE, True), ("", False)])
def test_a_store_must_hold_what_was_told_before_everything_was_killed(write: str, sound: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LESSON.format(write=write)]
    cuts = iter([2, 4])

    def until_told(_: float) -> None:
        wanted = next(cuts)
        while (tmp_path / "terminal.txt").read_text().count("timings") < wanted:
            time.sleep(0.02)

    told, wrong = power_cuts.run(command, "one\ntwo\n", 2, 6.0, 1, tmp_path, pause=until_told)
    assert told == 4 and (wrong == []) is sound
    assert sound or wrong[-1] == "moment 1: 4 turns were done, and 0 are kept"


def test_a_turn_that_is_kept_twice_and_a_damaged_store_are_told(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    assert power_cuts.look(path, 0) == [] and power_cuts.look(path, 1) == ["1 turns were done, and there is no store"]
    store = SessionStore(path)
    for number in range(2):
        turn = Turn(session_id="s", turn_id=f"t{number}", heard="Why?", phase="ended", status="done", done=True)
        store.add(turn, Session(session_id="s"))
    store.close()
    assert power_cuts.look(path, 2) == ["a turn is there twice"]
    path.write_bytes(b"no database" * 1_000)
    assert "the store does not open" in power_cuts.look(path, 2)[0]
