"""Starts the tutor's nodes, a process each, and starts again, within a bound, what dies."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from phied_robot import processes

RESTARTS = 3
"""A node that died more often is not started again: its fault is not a passing one."""
INDISPENSABLE = "session"
"""Without any other node the lesson goes on, with less."""


class NodeFailedError(RuntimeError):
    """A node cannot be kept running; the text says which, and what it said last."""


@dataclass
class _Child:
    name: str
    arguments: list[str]
    log: Path
    process: subprocess.Popen[bytes]
    deaths: int = 0


class Supervisor:
    """The nodes of one tutor. Use it from the main thread; `gone` names those that are not started again."""

    def __init__(self, parameters_file: Path, logs: Path, namespace: str) -> None:
        """Nodes read `parameters_file` and write to `logs`."""
        self._common = ["--ros-args", "--params-file", str(parameters_file), "-r", f"__ns:={namespace}"]
        self._logs = logs
        self._children: dict[str, _Child] = {}
        self.gone: set[str] = set()

    def start(self, node: str, **parameters: object) -> None:
        """Start a node; `parameters` go before those of the file."""
        arguments = [*self._common]
        for name, value in parameters.items():
            arguments += ["-p", f"{name}:={_yaml(value)}"]
        log = self._logs / f"{node}.log"
        self._children[node] = _Child(node, arguments, log, self._run(node, arguments, log))

    def processes(self) -> dict[str, int]:
        """The process ids of the nodes that run, by name."""
        return {child.name: child.process.pid for child in self._children.values() if child.process.poll() is None}

    def look_after(self, *, in_lesson: bool = False) -> list[str]:
        """Restart what died since the last call; one sentence for each.

        Raises:
            NodeFailedError: a node refused its settings, or died more often than the bound allows; in a lesson only
                the node without which there is none.
        """
        sentences = []
        for child in self._children.values():
            code = child.process.poll()
            if child.name in self.gone or code is None or code == 0:
                continue
            child.deaths += 1
            said = processes.last_lines(child.log, 1 if code == 2 else 3)
            if code == 2 and not in_lesson:
                raise NodeFailedError(said)
            if child.deaths > RESTARTS:
                sentence = f"{child.name} died {child.deaths} times; it said last: {said} ({child.log})"
                if not in_lesson or child.name == INDISPENSABLE:
                    raise NodeFailedError(sentence)
                self.gone.add(child.name)
                sentences.append(f"{sentence}; the lesson goes on without it")
                continue
            child.process = self._run(child.name, child.arguments, child.log)
            sentences.append(f"{child.name} died (exit code {code}) and is started again, {child.deaths} of {RESTARTS}")
        return sentences

    def stop(self) -> None:
        """End all nodes; the recorder last, so that it hears how the others end."""
        recorder = self._children.pop("recorder", None)
        processes.stop([child.process for child in self._children.values()])
        processes.stop([recorder.process] if recorder else [])
        self._children.clear()

    def _run(self, node: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"phied_robot.nodes.{node}", *arguments]
        # Topics carry a child's words: they stay on this machine unless someone opens them on purpose.
        environment = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", **os.environ}
        return processes.start(command, log, environment)


def _yaml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return f'"{value}"' if isinstance(value, str | Path) else str(value).lower()
