"""How the robot moves: one gesture at a time, with breathing, swaying and gaze on top, and no jumps."""

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

from phied_robot.expression.accents import Accents, SpokenSentence
from phied_robot.expression.layers import STILL, breathing, follow_loudness, gaze, sway, total
from phied_robot.expression.limiter import LONGEST_STEP, Smoother
from phied_robot.expression.moves import Move, Repertoire, bundled_moves
from phied_robot.personality import MotionSettings
from phied_robot.robots.pose import NEUTRAL, Joints
from phied_robot.robots.safe_boxes import clamp

Mode = Literal["idle", "attentive", "listening", "thinking", "speaking", "stopped"]
REST = "rest"
POSTURES: dict[Mode, str] = {
    "idle": REST,
    "attentive": "attention",
    "listening": "listening",
    "thinking": "thinking",
    "speaking": REST,
    "stopped": REST,
}
"""The occasion of the move with which each mode begins."""

BREATHING_FADE = 0.5
STRESSED = 0.9
"""Loudness of a stressed syllable of a lively voice, with which the head sways in full."""
HALT_SECONDS = 1.0
"""How long the robot stands still after a stop, before it goes back to the neutral pose."""
RECENT = 0.2
"""Seconds for which the robot is taken to be where it reported to be."""
LEAD = 0.02
"""Seconds of its way that a robot goes on before it can be held: a tick."""
NEARLY_OVER = 0.15
"""Seconds before its end from which a gesture may give way to the next clause's."""


class MotionEngine:
    """Turns what happens into the nine joints; any thread may tell it what happens."""

    def __init__(
        self, settings: MotionSettings, seed: int = 0, on_move: Callable[[str], None] = lambda _: None
    ) -> None:
        """Stand in the neutral pose, idle. `on_move` hears the name of every gesture as it begins, beats excepted.

        `seed` decides which of several moves is shown when.
        """
        self._lock = threading.Lock()
        self._settings = settings
        self._on_move = on_move
        self._repertoire = Repertoire(bundled_moves(), seed)
        self._loudness: Callable[[], float] = lambda: 0.0
        self._mode: Mode = "idle"
        self._mode_began: float | None = None
        self._still_for = 0.0
        self._move: Move | None = None
        self._move_began: float | None = None
        self._resting = True
        self._pose = STILL
        self._smoother = Smoother(NEUTRAL)
        self._began: float | None = None
        self._ticked: float | None = None
        self._reports: deque[tuple[float, Joints]] = deque(maxlen=2)
        self._breath = 0.0
        self._voice = 0.0
        self._accents = Accents()
        self._sentence: SpokenSentence | None = None

    def configure(self, settings: MotionSettings) -> None:
        """Move like another personality, beginning with the next move."""
        with self._lock:
            self._settings = settings

    def set_loudness(self, loudness: Callable[[], float]) -> None:
        """Follow this voice; `loudness` tells 0 to 1, and is asked at every tick."""
        with self._lock:
            self._loudness = loudness

    def set_mode(self, mode: Mode) -> None:
        """Change what the robot does between gestures; a new mode begins with its posture.

        After a halt only something new wakes it: to be idle is what it already is.
        """
        with self._lock:
            if mode == self._mode or (mode == "idle" and self._mode == "stopped"):
                return
            self._mode, self._mode_began = mode, None
            if self._still_for != math.inf:
                self._still_for = 0.0
                self._begin(POSTURES[mode])

    def play(self, occasion: str) -> None:
        """Begin a gesture from the present pose, in place of the one under way; not while frozen.

        `occasion` is a moment or a teaching strategy of moves.yaml; an unknown one gets an explanation's gesture.
        """
        with self._lock:
            if self._still_for != math.inf:
                self._still_for = 0.0
                self._begin(occasion)

    def speak(self, sentence: SpokenSentence) -> None:
        """The sentence begins to sound: gestures follow its clauses, and end with it; not while standing still."""
        with self._lock:
            if self._still_for <= 0:
                self._sentence = sentence

    def report(self, joints: Joints, now: float) -> None:
        """Hear where the robot is (m, rad) at a monotonic time (s): it lags, and a stop holds it where it is.

        Raises:
            ValueError: a joint is not a finite number.
        """
        place, _ = clamp(joints)
        with self._lock:
            self._reports.append((now, place))

    def freeze(self) -> None:
        """Hold the present pose at once, until `resume`."""
        self._hold(math.inf)

    def halt(self) -> None:
        """Hold the present pose at once, and after a moment go back to the neutral one."""
        with self._lock:
            self._mode = "stopped"
        self._hold(HALT_SECONDS)

    def resume(self) -> None:
        """Move again after `freeze`, softly from where the robot stands."""
        with self._lock:
            if self._still_for == math.inf:
                self._still_for = 0.0
                self._begin(POSTURES[self._mode])

    def tick(self, now: float) -> Joints:
        """The target (m, rad) at a monotonic time (s): always inside the safe box, never a jump."""
        began: str | None = None
        with self._lock:
            seconds = LONGEST_STEP / 2 if self._ticked is None else min(now - self._ticked, LONGEST_STEP)
            if seconds <= 0:
                return self._smoother.position
            self._ticked = now
            if self._still_for > 0:
                self._still_for -= seconds
                if self._still_for <= 0:
                    self._begin(POSTURES[self._mode])
                return self._smoother.position
            # Waves start with the engine, so that the same answer looks the same every day.
            self._began = now if self._began is None else self._began
            began = self._accent(now)
            self._advance(now)
            layers = self._offsets(now, now - self._began, seconds)
            target = self._smoother.step(total(NEUTRAL, self._pose, *layers), seconds)
        if began:
            self._on_move(began)
        return target

    def _hold(self, seconds: float) -> None:
        with self._lock:
            self._still_for = seconds
            self._move, self._sentence = None, None
            self._accents.end()
            here = self._place()
            self._smoother.stop(here)
            self._pose = Joints(*(value - neutral for value, neutral in zip(here, NEUTRAL, strict=True)))
            self._breath = self._voice = 0.0

    def _place(self) -> Joints:
        """Where the robot can be held: a little further than it was, or at its target where it is not heard of."""
        recent = [report for report in self._reports if self._ticked is not None and self._ticked - report[0] <= RECENT]
        if not recent:
            return self._smoother.position
        (earlier, before), (later, here) = recent[0], recent[-1]
        part = min(1.0, LEAD / max(later - earlier, LEAD))
        return clamp(Joints(*(place + part * (place - old) for old, place in zip(before, here, strict=True))))[0]

    def _begin(self, occasion: str) -> str:
        showing = self._repertoire.choose(occasion)
        self._move = Move(self._repertoire.moves[showing.name], showing, self._pose, self._settings)
        self._move_began = None
        self._resting = occasion == REST
        return showing.name

    def _accent(self, now: float) -> str | None:
        """Begin what the sounding sentence asks for; the name of a gesture worth telling."""
        if self._sentence is not None:
            self._accents.begin(self._sentence, now)
            self._sentence = None
        settings = self._settings
        occasion = self._accents.due(now, settings.gestures_per_clause, settings.duration, self._busy(now))
        if occasion is not None:
            name = self._begin(occasion)
            return name if occasion != "beat" else None
        if self._accents.ended(now) and self._mode == "speaking" and self._move is not None:
            self._begin(REST)
        return None

    def _busy(self, now: float) -> bool:
        if self._move is None or self._resting:
            return False
        return self._move_began is None or self._move.duration - (now - self._move_began) > NEARLY_OVER

    def _advance(self, now: float) -> None:
        """Let the primary layer reach this moment."""
        if self._move is None:
            return
        if self._move_began is None:
            self._move_began = now
        time = now - self._move_began
        self._pose = self._move.evaluate(time)
        if time >= self._move.duration:
            self._move = None

    def _offsets(self, now: float, wave_time: float, seconds: float) -> tuple[Joints, ...]:
        self._voice = follow_loudness(self._voice, min(1.0, self._loudness() / STRESSED), seconds)
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
