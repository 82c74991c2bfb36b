"""Nodes under test as processes on the real middleware, and a watcher beside them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# A domain of our own, chosen by process, so that two test runs on one machine do not hear each other.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import rclpy
from watcher import Watcher


@pytest.fixture
def watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    """A watcher in a fresh ROS context, with a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with rclpy.init():
        watching = Watcher(tmp_path)
        try:
            yield watching
        finally:
            watching.close()
