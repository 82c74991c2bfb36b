"""The single writer of joint targets: one thread, one command a tick, 50 Hz on a monotonic clock."""

import threading
import time
from collections.abc import Callable

from phied_robot.expression.motion import MotionEngine
from phied_robot.expression.priority import go_first
from phied_robot.robots.pose import Joints

TICK_SECONDS = 0.02
"""50 Hz: at 100 Hz the motors buzz when the robot breathes (facts on the robot)."""


class MotionLoop:
    """Ticks a motion engine until it is closed."""

    def __init__(self, engine: MotionEngine, send: Callable[[Joints], None]) -> None:
        """`send` gets every tick's target; it must not block."""
        self._engine = engine
        self._send = send
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="motion", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()

    def close(self) -> None:
        """End after the tick under way."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        go_first()
        due = time.monotonic()
        while not self._stopping.is_set():
            self._send(self._engine.tick(time.monotonic()))
            # A late tick is not made up for: two targets at once would be a jump.
            due = max(due + TICK_SECONDS, time.monotonic())
            self._stopping.wait(due - time.monotonic())
