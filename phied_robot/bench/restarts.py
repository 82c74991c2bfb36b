"""A daemon that is killed again and again while the robot speaks: the voice, the motion, and what the driver leaves."""

import asyncio
import gc
import random
import threading
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

from phied_robot.bench.checks import Check, at_most, reported
from phied_robot.bench.sentences import sentences
from phied_robot.bench.stage import PATIENCE, Stage
from phied_robot.bench.stops import LARGEST_STEP
from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.expression.personalities import scale
from phied_robot.robots.pose import Joints
from phied_robot.robots.reachy_mini import ReachyMiniClient, RobotConnection
from phied_robot.robots.simulator import Kind, Simulator, free_port
from phied_robot.speech.outputs import DeviceOutput
from phied_robot.speech.playback import HOP_S

QUIET = -1.0
"""An introvert's own motion stays well below what would be a jump; an extravert's does not."""
SENTENCES_A_RESTART = 15
"""More than are said until the daemon is back."""
WATCHED_SECONDS = 2.5
"""Of motion after each return: until the robot may move at full speed again, and a second more."""


class _Watch:
    """Hears a client: whether its robot is there, and how far the head turns from report to report."""

    def __init__(self) -> None:
        self.there, self.lost = threading.Event(), threading.Event()
        self.turned: list[float] = []
        self._last: tuple[float, Joints] | None = None

    def connection_changed(self, connection: RobotConnection) -> None:
        self._last = None
        for event, state in ((self.there, "connected"), (self.lost, "lost")):
            (event.set if connection.state == state else event.clear)()

    def joints_came(self, joints: Joints) -> None:
        now = time.monotonic()
        if self._last is not None and self.there.is_set():
            before, last = self._last
            degrees = float(np.linalg.norm(np.degrees(np.subtract(joints[3:6], last[3:6]))))
            # Reports that come late hold the motion of more than one tick.
            self.turned.append(degrees / max(1.0, (now - before) / TICK_SECONDS))
        self._last = now, joints


def measure_restarts(count: int, kind: Kind, log: Path, advance: Callable[[], None]) -> list[Check]:
    """Kill the daemon `count` times at random moments of speech, and start it again.

    `log` gets what the daemon prints; `advance` is called at every restart.

    Raises:
        SimulatorError: the daemon cannot be started.
        TimeoutError: the client does not lose or find it in time.
    """
    moments, watch, simulator = random.Random(3), _Watch(), Simulator(kind, free_port(), log)
    client = ReachyMiniClient(simulator.address, on_state=watch.joints_came, on_connection=watch.connection_changed)
    simulator.start()
    client.start()
    texts = cycle(sentences("en"))
    try:
        with Stage(scale().at(QUIET), client.send) as stage:
            _wait(watch.there, "found")
            open_before = _left_open()
            for _ in range(count):
                for text in islice(texts, SENTENCES_A_RESTART):
                    stage.say(text)
                time.sleep(moments.uniform(0.5, 1.5))
                (daemon,) = psutil.Process().children()
                daemon.kill()
                _wait(watch.lost, "lost")
                while simulator.poll() is None:
                    time.sleep(0.01)
                simulator.start()
                _wait(watch.there, "found")
                time.sleep(WATCHED_SECONDS)
                stage.stop()
                advance()
            open_after = _left_open()
            late = [1000 * (float(np.diff(hops).max()) - HOP_S) for hops in stage.tape.taken if len(hops) > 1]
    finally:
        client.close()
        simulator.stop()
    leaked = [after - before for before, after in zip(open_before, open_after, strict=True)]
    return [
        reported("sentences said meanwhile", len(late)),
        at_most("sentences that failed", 0, len(stage.failures)),
        at_most("longest break within a sentence (ms)", 1000 * DeviceOutput.BUFFER_S, max(late)),
        at_most("largest step of the head (degrees a tick)", LARGEST_STEP, max(watch.turned)),
        *(at_most(f"{name} left over", 0, number) for name, number in zip(OPENED, leaked, strict=True)),
    ]


OPENED = ("tasks", "threads", "sockets")


def _left_open() -> tuple[int, int, int]:
    """How many unfinished tasks, threads (asyncio's own pool aside) and connections this process has."""
    gc.collect()
    tasks = sum(isinstance(one, asyncio.Task) and not one.done() for one in gc.get_objects())
    threads = sum(not thread.name.startswith("asyncio") for thread in threading.enumerate())
    return tasks, threads, len(psutil.Process().net_connections())


def _wait(event: threading.Event, what: str) -> None:
    if not event.wait(PATIENCE):
        raise TimeoutError(f"the daemon was not {what} within {PATIENCE:.0f} s")
