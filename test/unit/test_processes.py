"""Child processes: what a Ctrl-C does while one is being started."""

import os
import signal
import subprocess
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


DEAF = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); open(sys.argv[1], 'w'); signal.pause()"


def test_children_that_do_not_end_are_ended_together_and_not_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = []
    for name in ("one", "two", "three"):
        os.mkfifo(tmp_path / name)
        children.append(processes.start([sys.executable, "-c", DEAF, str(tmp_path / name)], tmp_path / "log"))
        assert (tmp_path / name).read_bytes() == b""  # which waits until the child is deaf
    patience: list[float] = []
    wait = subprocess.Popen.wait

    def noted(child: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        patience.append(timeout or 0.0)
        return wait(child, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", noted)
    processes.stop(children, seconds=0.5)
    assert sum(patience) <= 0.5
    assert {child.returncode for child in children} == {-signal.SIGKILL}
