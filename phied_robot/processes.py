"""Child processes that cannot outlive us: each in a group of its own, ended by the kernel if we are killed."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def start(command: Sequence[str], log: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a child that writes to `log`. Call it on the main thread: the child ends with the thread that began it.

    A group of its own keeps Ctrl-C in the terminal from reaching the child before we have ended our part.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, _interrupts_held():
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def stop(children: Sequence[subprocess.Popen[bytes]], seconds: float = 4.0) -> None:
    """End children together: first asked (SIGINT), then after `seconds` made (SIGKILL), with all they started."""
    for child in children:
        _signal_group(child, signal.SIGINT)
    deadline = time.monotonic() + seconds
    for child in children:
        try:
            child.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)
            child.wait()


def last_lines(log: Path, number: int = 3) -> str:
    """The end of a log in one line, for an error message."""
    if not log.exists():
        return ""
    lines = log.read_text(errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-number:])


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Python calls back when it forks, and loses what is raised in there: a Ctrl-C, too. So it waits for the end."""
    held: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    handlers = {kind: signal.signal(kind, lambda number, _frame: held.append(number)) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in handlers.items():
            signal.signal(kind, handler)
        for number in held:
            signal.raise_signal(number)


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if child.poll() is None:
        os.killpg(child.pid, number)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
