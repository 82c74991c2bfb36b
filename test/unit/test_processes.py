"""Child processes: what a Ctrl-C does while one is being started."""

import os
import signal
import sys
from pathlib import Path

import pytest

from phied_robot import processes

INTERRUPTS: list[int] = []


def interrupt_while_forking() -> None:
    if INTERRUPTS:
        os.kill(os.getpid(), INTERRUPTS.pop())


os.register_at_fork(before=interrupt_while_forking)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_child_is_started_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = signal.signal(number, signal.default_int_handler)
    try:
        INTERRUPTS.append(number)
        with pytest.raises(KeyboardInterrupt):
            processes.start([sys.executable, "-c", "pass"], tmp_path / "log")
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
