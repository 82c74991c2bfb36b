"""Child processes: what a Ctrl-C does while one is being started."""

import os
import signal
import sys
import time
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


DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


def test_children_that_do_not_end_are_ended_together_and_not_one_after_the_other(tmp_path: Path) -> None:
    logs = [tmp_path / str(number) for number in range(4)]
    children = [processes.start([sys.executable, "-c", DEAF], log) for log in logs]
    while not all(log.read_text() for log in logs):
        time.sleep(0.01)
    began = time.monotonic()
    processes.stop(children, seconds=5.0)
    assert time.monotonic() - began < 2 * 5.0
    assert {child.returncode for child in children} == {-signal.SIGKILL}
