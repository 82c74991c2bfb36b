"""The whole tutor as its users start it: `phied tutor` with real speech, a real model and a simulated robot."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import rclpy
from watcher import Watcher

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


@pytest.fixture
def bystander(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    """Another program on the same machine that hears the tutor's topics and may speak on them."""
    for name in ("ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE"):
        monkeypatch.setenv(name, environment[name])
    with rclpy.init(domain_id=int(environment["ROS_DOMAIN_ID"])):
        watching = Watcher(tmp_path / "bystander")
        try:
            yield watching
        finally:
            watching.close()


@pytest.fixture
def talking(environment: dict[str, str]) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start `phied tutor` with an open keyboard; what still runs at the end of the test is interrupted."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = tutor_command(*arguments)
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def nothing_left_behind(environment: dict[str, str]) -> Iterator[None]:
    """No process that a test has started outlives it; they are known by the test's own state folder."""
    yield
    left = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"]) if _belongs(process, environment)]
    assert left == []


def _belongs(process: psutil.Process, environment: dict[str, str]) -> bool:
    try:
        return process.environ().get("XDG_STATE_HOME") == environment["XDG_STATE_HOME"]
    except psutil.Error:
        return False


__all__ = ["PATIENCE", "Conversation", "Run", "tutor_command"]
