"""Speech and motion by a clock of their own: an hour in minutes, and the same every time."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from phied_robot.expression.accents import SpokenSentence
from phied_robot.expression.motion import Mode, MotionEngine
from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.personality import Personality
from phied_robot.robots.pose import Joints
from phied_robot.speech.playback import AHEAD_S, HOP_S, loudness_envelope
from phied_robot.speech.synthesis import Speech


class Rehearsal:
    """A motion engine that hears a voice and moves a robot, tick by tick.

    Attributes:
        targets: what the robot was told, a tick each.
        reported: where `robot` says it is after each.
        loudness: of the voice, 0 to 1, at each tick.
        gestures: the tick at which each gesture worth telling began, and its name.
        said: the seconds at which each sentence and each of its clauses began.
    """

    def __init__(
        self, personality: Personality, seed: int = 0, robot: Callable[[Joints], Joints] = lambda j: j
    ) -> None:
        """`robot` takes a target and says where it is a tick later."""
        self.targets: list[Joints] = []
        self.reported: list[Joints] = []
        self.loudness: list[float] = []
        self.gestures: list[tuple[int, str]] = []
        self.said: list[tuple[float, tuple[float, ...]]] = []
        self._pause = personality.voice.pause
        self._robot = robot
        self._engine = MotionEngine(
            personality.motion, seed, lambda name: self.gestures.append((len(self.targets), name))
        )
        self._engine.set_loudness(lambda: self._loudness_in(AHEAD_S))
        self._envelope: NDArray[np.float64] = np.zeros(0)
        self._began = 0.0

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return len(self.targets) * TICK_SECONDS

    def wait(self, seconds: float, mode: Mode | None = None, occasion: str = "") -> None:
        """Let time pass, in another mode and with a gesture if they are given."""
        if mode:
            self._engine.set_mode(mode)
        if occasion:
            self._engine.play(occasion)
        for _ in range(round(seconds / TICK_SECONDS)):
            self._tick()

    def say(self, speech: Speech, occasion: str = "", opens: bool = False, cut: float = math.inf) -> None:
        """Speak one sentence to its end, and keep the pause that comes after it; or be stopped after `cut` seconds."""
        self._engine.set_mode("speaking")
        self._envelope, self._began = loudness_envelope(speech.audio), self.now
        self.said.append((self.now, tuple(self.now + clause for clause in speech.clauses)))
        self._engine.speak(SpokenSentence(occasion, speech.clauses, speech.audio.duration, opens))
        self.wait(min(cut, speech.audio.duration + self._pause))
        if cut < math.inf:
            self._envelope = self._envelope[:0]
            self._engine.halt()

    def _tick(self) -> None:
        # The engine's monotonic clock begins anywhere but at zero.
        target = self._engine.tick(1.0 + self.now)
        self.loudness.append(self._loudness_in(0.0))
        self.targets.append(target)
        self.reported.append(self._robot(target))
        self._engine.report(self.reported[-1], 1.0 + self.now)

    def _loudness_in(self, seconds: float) -> float:
        hop = int((self.now - self._began + seconds) / HOP_S)
        return float(self._envelope[hop]) if 0 <= hop < len(self._envelope) else 0.0
