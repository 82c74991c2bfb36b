"""Interrupts a program at random moments, as Ctrl-C does, and looks at what it leaves behind."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]

CLEAN_SECONDS = 5.0
PATIENCE = 60.0
"""Seconds after which a program that does not end is killed."""
CODES = (130, -signal.SIGINT)
"""Exit codes of a program that ended as asked: our own, and Python's before our first line runs."""
FIRST_SECONDS = 0.1
"""In which Python itself starts, and ends with code 1 and a traceback when it is interrupted."""


class Interrupt(NamedTuple):
    """One start: seconds until Ctrl-C and from there to the end, the exit code, and what was left behind."""

    after: float
    took: float
    code: int
    left: list[str]

    @property
    def clean(self) -> bool:
        """Whether it ended in time, as it should, and left nothing."""
        codes = (*CODES, 1) if self.after < FIRST_SECONDS else CODES
        return self.took <= CLEAN_SECONDS and self.code in codes and not self.left


def run(
    command: Sequence[str],
    typed: str,
    times: int,
    longest: float,
    seed: int,
    folder: Path,
    advance: Callable[[], object] = lambda: None,
) -> list[Interrupt]:
    """Start `command`, type into it, and interrupt it within `longest` seconds, again and again.

    What it leaves behind is known by the state folder that all its processes inherit.
    """
    chance, interrupts = random.Random(seed), []
    for _ in range(times):
        after = chance.uniform(0.0, longest)
        process = start(command, typed, folder)
        time.sleep(after)
        interrupts.append(_interrupt(process, after, folder))
        advance()
    return interrupts


def start(command: Sequence[str], typed: str, folder: Path) -> "subprocess.Popen[str]":
    """Start a program and type into it; `folder` gets its state, and in terminal.txt what it shows."""
    with (folder / "terminal.txt").open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder), "PYTHONUNBUFFERED": "1"},
            preexec_fn=hear_interrupts,
        )
    assert process.stdin is not None
    process.stdin.write(typed)
    process.stdin.flush()
    return process


def write_json(interrupts: Sequence[Interrupt], path: Path) -> None:
    """All starts, for later comparison."""
    path.write_text(json.dumps([one._asdict() for one in interrupts], indent=2) + "\n", encoding="utf-8")


def kill_all(folder: Path) -> list[str]:
    """Kill every process with this state folder; their command lines come back."""
    killed = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("XDG_STATE_HOME") == str(folder):
                killed.append(" ".join(process.cmdline()))
                process.kill()
        except psutil.Error:
            continue
    return killed


def hear_interrupts() -> None:
    """Undo, in a child before its program, that a shell's background job is deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt(process: "subprocess.Popen[str]", after: float, folder: Path) -> Interrupt:
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    took = time.monotonic() - began
    return Interrupt(after, took, process.returncode, kill_all(folder))
