"""The whole tutor as its users start it: `phied tutor` with real speech, a real model and a simulated robot."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PATIENCE = 240.0
"""Seconds that a whole conversation may take on a busy machine."""

Run = Callable[..., "Conversation"]


class Conversation:
    """A run of `phied tutor`, ended: its exit code, what it printed, and its report."""

    def __init__(self, process: subprocess.CompletedProcess[str], report: Path) -> None:
        """Read the report where there is one."""
        self.code = process.returncode
        self.printed = process.stdout + process.stderr
        self.turns: list[dict[str, Any]] = json.loads(report.read_text()) if report.exists() else []


def tutor_command(*arguments: str) -> list[str]:
    """The command line of `phied tutor`."""
    return [sys.executable, "-m", "phied_robot.cli.main", "tutor", *arguments]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A ROS domain and a state folder of this test's own."""
    return {
        **os.environ,
        "ROS_DOMAIN_ID": str(101 + os.getpid() % 100),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "COLUMNS": "200",
    }


@pytest.fixture
def tutor(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run `phied tutor` to its end."""

    def run(*arguments: str, typed: str = "") -> Conversation:
        report = tmp_path / "report.json"
        command = tutor_command(*arguments, "--report", str(report))
        process = subprocess.run(
            command, input=typed, capture_output=True, text=True, timeout=PATIENCE, env=environment
        )
        return Conversation(process, report)

    return run


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No process of ours, and no listening socket, outlives a test."""
    before = {process.pid for process in psutil.process_iter()}
    yield
    left = [
        " ".join(process.cmdline())
        for process in psutil.process_iter()
        if process.pid not in before and process.status() != psutil.STATUS_ZOMBIE and _is_ours(process)
    ]
    assert left == []


def _is_ours(process: psutil.Process) -> bool:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return "phied_robot" in command or "reachy-mini-daemon" in command or "reachy_mini" in command


__all__ = ["PATIENCE", "Conversation", "Run", "tutor_command"]
