"""How the robot moves: one gesture at a time, with breathing, swaying and gaze on top, and no jumps."""

import math
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from phied_robot.expression.gestures import BEAT, GESTURES, REST, Gesture, Keyframe
from phied_robot.expression.layers import STILL, breathing, follow_loudness, gaze, minimum_jerk, sway, total
from phied_robot.expression.limiter import Limiter
from phied_robot.personality import MotionSettings
from phied_robot.robots.pose import NEUTRAL, Joints

Mode = Literal["idle", "listening", "thinking", "speaking"]
POSTURES: dict[str, Gesture] = {
    "idle": REST,
    "listening": GESTURES["attention"],
    "thinking": GESTURES["thinking"],
    "speaking": REST,
}
"""The move with which each mode begins."""

LONGEST_STEP = 0.04
BREATHING_FADE = 0.5
STRESSED = 0.6
"""Loudness of a stressed syllable of a quiet voice, with which the head sways in full."""
AUDIBLE = 0.1
CLAUSE_PAUSE = 0.2
"""Seconds of silence after which the voice begins a new clause."""
ANTENNA_FACTOR = 2.5
"""Antennas turn this much farther than the head."""


class Move:
    """A gesture on its way, from a given pose and with a personality's size and speed."""

    def __init__(self, gesture: Gesture, start: Joints, settings: MotionSettings) -> None:
        """The clock starts with the first look at the move. `start` is an offset from the neutral pose."""
        self.gesture = gesture
        self._seconds = gesture.seconds * settings.duration
        self._points = [
            (0.0, start),
            *((keyframe.at, _offset(keyframe, settings.head_amplitude)) for keyframe in gesture.keyframes),
        ]
        self._began: float | None = None

    def at(self, now: float) -> Joints:
        """The offset from the neutral pose at a time (s)."""
        if self._began is None:
            self._began = now
        progress = (now - self._began) / self._seconds
        for (begin, start), (end, goal) in pairwise(self._points):
            if progress < end:
                part = minimum_jerk((progress - begin) / (end - begin))
                return Joints(*(a + (b - a) * part for a, b in zip(start, goal, strict=True)))
        return self._points[-1][1]

    def ended(self, now: float) -> bool:
        """Whether the last pose is reached."""
        return self._began is not None and now - self._began >= self._seconds


class MotionEngine:
    """Turns what happens into the nine joints; any thread may tell it what happens."""

    def __init__(self, settings: MotionSettings) -> None:
        """Stand in the neutral pose, idle."""
        self._lock = threading.Lock()
        self._settings = settings
        self._loudness: Callable[[], float] = lambda: 0.0
        self._mode: Mode = "idle"
        self._mode_began: float | None = None
        self._frozen = False
        self._move: Move | None = None
        self._pose = STILL
        self._limiter = Limiter(NEUTRAL)
        self._began: float | None = None
        self._ticked: float | None = None
        self._breath = 0.0
        self._voice = 0.0
        self._heard: float | None = None
        self._beat_credit = 0.0

    def configure(self, settings: MotionSettings) -> None:
        """Move like another personality, beginning with the next move."""
        with self._lock:
            self._settings = settings

    def set_loudness(self, loudness: Callable[[], float]) -> None:
        """Follow this voice; `loudness` tells 0 to 1, and is asked at every tick."""
        with self._lock:
            self._loudness = loudness

    def set_mode(self, mode: Mode) -> None:
        """Change what the robot does between gestures; a new mode begins with its posture."""
        with self._lock:
            if mode != self._mode:
                self._mode, self._mode_began = mode, None
                self._begin(POSTURES[mode])

    def play(self, name: str) -> None:
        """Begin a gesture from the present pose, in place of the one under way; not while frozen.

        Raises:
            KeyError: there is no gesture of this name.
        """
        gesture = GESTURES[name]
        with self._lock:
            if not self._frozen:
                self._begin(gesture)

    def freeze(self) -> None:
        """Hold the present pose at once, until `resume`."""
        with self._lock:
            self._frozen = True
            self._move = None
            self._limiter.stop()
            self._pose = Joints(
                *(here - neutral for here, neutral in zip(self._limiter.position, NEUTRAL, strict=True))
            )
            self._breath = self._voice = 0.0

    def resume(self) -> None:
        """Move again after `freeze`, softly from where the robot stands."""
        with self._lock:
            if self._frozen:
                self._frozen = False
                self._ticked = None
                self._begin(POSTURES[self._mode])

    def tick(self, now: float) -> Joints:
        """The target (m, rad) at a monotonic time (s): always inside the safe box, never a jump."""
        with self._lock:
            if self._frozen:
                return self._limiter.position
            seconds = LONGEST_STEP / 2 if self._ticked is None else min(now - self._ticked, LONGEST_STEP)
            if seconds <= 0:
                return self._limiter.position
            self._ticked = now
            # Waves start with the engine, so that the same answer looks the same every day.
            self._began = now if self._began is None else self._began
            self._follow_voice(now, seconds)
            if self._move is not None:
                self._pose = self._move.at(now)
                if self._move.ended(now):
                    self._move = None
            return self._limiter.step(
                total(NEUTRAL, self._pose, *self._offsets(now, now - self._began, seconds)), seconds
            )

    def _begin(self, gesture: Gesture) -> None:
        self._move = Move(gesture, self._pose, self._settings)

    def _follow_voice(self, now: float, seconds: float) -> None:
        loudness = self._loudness()
        self._voice = follow_loudness(self._voice, min(1.0, loudness / STRESSED), seconds)
        if loudness < AUDIBLE:
            return
        new_clause = self._heard is None or now - self._heard > CLAUSE_PAUSE
        self._heard = now
        if new_clause:
            # Counted instead of drawn by lot, for the same reason as the waves.
            self._beat_credit += self._settings.gestures_per_clause
            if self._beat_credit >= 1:
                self._beat_credit -= 1
                if self._move is None or self._move.gesture is REST:
                    self._begin(BEAT)

    def _offsets(self, now: float, wave_time: float, seconds: float) -> tuple[Joints, ...]:
        if self._mode_began is None:
            self._mode_began = now
        fade = seconds / BREATHING_FADE
        self._breath = min(1.0, self._breath + fade) if self._mode == "idle" else max(0.0, self._breath - fade)
        amplitude = self._settings.head_amplitude
        averted = (
            gaze(now - self._mode_began, self._settings.gaze_aversion, amplitude)
            if self._mode == "listening"
            else STILL
        )
        return breathing(wave_time, self._breath), sway(wave_time, self._voice, amplitude), averted


def _offset(keyframe: Keyframe, amplitude: float) -> Joints:
    size = math.radians(amplitude)
    return STILL._replace(
        head_roll=size * keyframe.roll,
        head_pitch=size * keyframe.pitch,
        head_yaw=size * keyframe.yaw,
        antenna_right=-ANTENNA_FACTOR * size * keyframe.antennas,
        antenna_left=ANTENNA_FACTOR * size * keyframe.antennas,
    )
