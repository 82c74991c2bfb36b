"""Kills everything at once at random moments of a lesson, as a power cut does, and looks at what the store holds."""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from phied_robot.bench.interrupts import kill_all, start
from phied_robot.messages import Turn
from phied_robot.sessions.store import SessionStore

TOLD = "timings"
"""What the terminal shows of each turn that is done."""


def run(
    command: Sequence[str],
    typed: str,
    moments: int,
    longest: float,
    seed: int,
    folder: Path,
    advance: Callable[[], object] = lambda: None,
    pause: Callable[[float], object] = time.sleep,
) -> tuple[int, list[str]]:
    """Start `command`, type questions that differ into it, and kill all of it within `longest` seconds, so many times.

    Returns:
        How many turns were told to be done, and what was wrong, a sentence each.
    """
    chance, wrong = random.Random(seed), list[str]()
    told = 0
    for number in range(moments):
        process = start(command, typed, folder)
        pause(chance.uniform(0.0, longest))
        process.kill()
        kill_all(folder)
        process.wait()
        told = (folder / "terminal.txt").read_text(encoding="utf-8", errors="replace").count(TOLD)
        wrong += [f"moment {number}: {sentence}" for sentence in look(folder / "phied_robot/sessions.sqlite", told)]
        advance()
    return told, wrong


def look(path: Path, told: int) -> list[str]:
    """What is wrong with a store that must hold at least so many turns, and none of them twice."""
    if not path.exists():
        return [f"{told} turns were done, and there is no store"] if told else []
    try:
        SessionStore(path).close()
        with closing(sqlite3.connect(path)) as database:
            sound = database.execute("PRAGMA integrity_check").fetchone()[0]
            rows = database.execute("SELECT session_id, turn FROM turns").fetchall()
        kept = [(session, Turn.from_json(turn).heard) for session, turn in rows]
    except (OSError, sqlite3.Error, ValueError) as error:
        return [f"the store does not open: {error}"]
    wrong = [] if sound == "ok" else [f"the store is damaged: {sound}"]
    if len(kept) < told:
        wrong.append(f"{told} turns were done, and {len(kept)} are kept")
    if len(kept) > len(set(kept)):
        wrong.append("a turn is there twice")
    return wrong
