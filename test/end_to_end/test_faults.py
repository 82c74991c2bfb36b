"""A lesson does not end because a process did."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(400)]


def test_whatever_dies_the_turn_ends_once_and_the_next_one_works(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "phied_robot.cli.main", "bench", "faults", "--cells", "2", "--robot", "none"]
    bench = subprocess.run([*command, "--seed", "2"], capture_output=True, text=True, timeout=390, env=environment)
    assert bench.returncode == 0 and "1 of 1" in bench.stdout, bench.stdout + bench.stderr
