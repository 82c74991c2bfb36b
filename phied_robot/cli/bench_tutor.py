"""The tutor on a bench: started as `phied tutor` starts it, its terminal in a file, its messages kept to be judged."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from phied_robot.cli import tutor, tutor_arguments
from phied_robot.cli.conversation import Conversation
from phied_robot.cli.view import View
from phied_robot.messages import Payload

PATIENCE = 120.0
"""Seconds that a turn may take on a busy machine, with everything that dies in it."""


class NothingCameError(RuntimeError):
    """What was waited for did not come."""


class BenchTutor(Conversation):
    """A conversation whose every message is kept in `messages`, in the order in which it came."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As `Conversation`."""
        super().__init__(*arguments, **named)
        self.messages: list[Payload] = []

    def show(self, event: Payload) -> None:
        """Take in what the tutor says, and keep it."""
        self.messages.append(event)
        super().show(event)

    def processes(self) -> dict[str, int]:
        """Process ids by name: the nodes that run, and the simulated robot."""
        robot = self._simulator.pid if self._simulator else None
        return {**self._supervisor.processes(), **({"robot": robot} if robot else {})}

    def kill(self, name: str) -> None:
        """End a process as a crash does; it is started again as in any lesson."""
        os.kill(self.processes()[name], signal.SIGKILL)

    def hear(self, recording: Path) -> None:
        """Let a fresh speech input hear a recording."""
        if "speech_input" in self.processes():
            self.kill("speech_input")
        self._supervisor.start("speech_input", source="wav", audio_files=[str(recording)])

    def wait(self, happened: Callable[[Payload], bool], what: str, since: int = 0) -> int:
        """The place in `messages`, from `since` on, of the first that fits.

        Raises:
            NothingCameError: none came in time.
        """
        deadline, place = time.monotonic() + PATIENCE, since
        while True:
            while place < len(self.messages):
                if happened(self.messages[place]):
                    return place
                place += 1
            if time.monotonic() > deadline:
                raise NothingCameError(f"{what} did not come in {PATIENCE:g} s")
            self.step()


@contextmanager
def bench_tutor(folder: Path, robot: str) -> Iterator[BenchTutor]:
    """A tutor that is ready for its first question; `folder` gets its logs, its store, and what its terminal shows."""
    folder.mkdir(parents=True)
    os.environ["XDG_STATE_HOME"] = str(folder)
    parser = tutor_arguments.parser()
    options = parser.parse_args(["--robot", robot])
    tutor.check(options)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (folder / "terminal.txt").open("w", encoding="utf-8") as file, ExitStack() as cleanup:
        view = View(Console(file=file, highlight=False, emoji=False, width=200))
        running = tutor.start(options, folder / "logs", view, cleanup, BenchTutor)
        running.wait_until_ready()
        yield running
