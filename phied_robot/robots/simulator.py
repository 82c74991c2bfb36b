"""The maker's daemon with a simulated robot, as a child process of ours."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

from phied_robot import processes
from phied_robot.robots import daemon

Kind = Literal["mujoco", "mockup"]
FLAGS: dict[str, str] = {"mujoco": "--sim", "mockup": "--mockup-sim"}
DAEMON = "reachy-mini-daemon"
HOST = "127.0.0.1"
RESTARTS = 3


class SimulatorError(RuntimeError):
    """The simulated robot cannot be started; the text says why and what to do."""


class Simulator:
    """One daemon; it can be started again after it died."""

    def __init__(self, kind: Kind, port: int, log: Path) -> None:
        """Nothing starts yet. `log` gets what the daemon prints."""
        self.address = f"{HOST}:{port}"
        self._kind = kind
        self._port = port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0

    def start(self) -> None:
        """Start the daemon; it ends with this process.

        Raises:
            SimulatorError: its package is missing, or the port is in use.
        """
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self._port))
            except OSError as error:
                raise SimulatorError(
                    f"port {self._port} is in use: end the other program, or choose another port for the robot"
                ) from error
        try:
            self._process = processes.start(daemon_command(self._kind, self._port), self._log, daemon_environment())
        except FileNotFoundError as error:
            raise SimulatorError(
                "the simulated robot needs the package reachy-mini; install it: pip install 'phied_robot[simulator]'"
            ) from error

    def wait_until_ready(self, seconds: float = 60.0) -> None:
        """Return when the daemon answers.

        Raises:
            SimulatorError: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (code := self.poll()) is not None:
                said = processes.last_lines(self._log)
                raise SimulatorError(f"the simulated robot ended with exit code {code}; it said last: {said}")
            with contextlib.suppress(OSError):
                if daemon.get(self.address, "/api/daemon/status")["state"] == "running":
                    return
            time.sleep(0.1)
        raise SimulatorError(f"the simulated robot did not answer for {seconds:.0f} s; see {self._log}")

    def look_after(self) -> list[str]:
        """Start the daemon again, within a bound, where it died since the last call; a sentence says so."""
        code = self.poll()
        if code is None:
            return []
        if self._deaths == RESTARTS:
            self._process = None
            return [f"the simulated robot died {RESTARTS + 1} times and stays away: the voice goes on; see {self._log}"]
        self._deaths += 1
        self.start()
        return [f"the simulated robot died (exit code {code}) and is started again, {self._deaths} of {RESTARTS}"]

    @property
    def pid(self) -> int | None:
        """The daemon's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def poll(self) -> int | None:
        """The daemon's exit code, or None while it runs or was never started."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """End the daemon and all it started."""
        if self._process is not None:
            processes.stop([self._process])
            self._process = None


def daemon_command(kind: str, port: int) -> list[str]:
    """The daemon's command line: no display, no media, no first and last moves of its own, this machine only."""
    # Beside this Python first, as in a virtual environment that is not active.
    folders = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return [
        shutil.which(DAEMON, path=folders) or DAEMON,
        FLAGS[kind],
        "--headless",
        "--no-media",
        "--no-wake-up-on-start",
        "--no-goto-sleep-on-stop",
        "--dataset-update-interval",
        "0",
        "--fastapi-host",
        HOST,
        "--fastapi-port",
        str(port),
    ]


def daemon_environment() -> dict[str, str]:
    """The daemon's environment: it reports nothing home, and does not see ROS's libraries."""
    ours = {"LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE", "PYTHONPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "REACHY_MINI_TELEMETRY": "0", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
