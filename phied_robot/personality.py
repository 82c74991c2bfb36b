"""The trait scale: extraversion in [-1, 1], and everything it sets.

Nothing else reads the trait. The numbers and their sources stand in `config/personalities.yaml`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

BANDS = {"introvert": -1.0, "neutral": 0.0, "extravert": 1.0}
"""The fixed points of the scale, which a prompt can name."""


@dataclass(frozen=True)
class VoiceSettings:
    """How the voice sounds, relative to the neutral voice.

    rate: factor on words a minute.
    pitch_semitones: shift of the mean pitch.
    pitch_range: factor on the pitch's excursion.
    loudness_db: gain.
    pause: seconds between sentences.
    """

    rate: float
    pitch_semitones: float
    pitch_range: float
    loudness_db: float
    pause: float


@dataclass(frozen=True)
class MotionSettings:
    """How the robot moves.

    head_amplitude: degrees of a full gesture.
    gestures_per_clause: probability, 0 to 1.
    duration: factor on the length of a move.
    gaze_aversion: share of listening time that the gaze is averted, 0 to 1.
    """

    head_amplitude: float
    gestures_per_clause: float
    duration: float
    gaze_aversion: float


@dataclass(frozen=True)
class Personality:
    """Everything that one value of extraversion sets."""

    extraversion: float
    manner: str
    voice: VoiceSettings
    motion: MotionSettings


class Span(NamedTuple):
    """One setting at the three fixed points of the scale."""

    introvert: float
    neutral: float
    extravert: float

    def at(self, extraversion: float) -> float:
        """The setting on the straight lines between the three points."""
        far_end = self.extravert if extraversion > 0 else self.introvert
        return self.neutral + (far_end - self.neutral) * abs(extraversion)

    def is_monotone(self) -> bool:
        """Whether the setting rises all the way, or falls all the way."""
        first, second = self.neutral - self.introvert, self.extravert - self.neutral
        return all(map(math.isfinite, self)) and first * second > 0


@dataclass(frozen=True)
class Scale:
    """The whole scale: named points on it, and the spans of all settings by their names."""

    presets: Mapping[str, float]
    voice: Mapping[str, Span]
    motion: Mapping[str, Span]

    def at(self, extraversion: float) -> Personality:
        """All settings for a value of extraversion in [-1, 1].

        Raises:
            ValueError: the value is outside the scale or not finite.
        """
        if not -1.0 <= extraversion <= 1.0:
            raise ValueError(f"extraversion is {extraversion}, but the scale runs from -1 (introvert) to 1 (extravert)")
        return Personality(
            extraversion=extraversion,
            manner=manner(extraversion),
            voice=VoiceSettings(**{name: span.at(extraversion) for name, span in self.voice.items()}),
            motion=MotionSettings(**{name: span.at(extraversion) for name, span in self.motion.items()}),
        )

    def parse(self, text: str) -> float:
        """Read a preset's name or a number in [-1, 1].

        Raises:
            ValueError: one sentence that says what is allowed.
        """
        if text in self.presets:
            return self.presets[text]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not -1.0 <= value <= 1.0:
            raise ValueError(
                f"personality {text!r} is neither {', '.join(self.presets)} "
                "nor a number from -1 (introvert) to 1 (extravert)"
            )
        return value


def manner(extraversion: float) -> str:
    """The band of the scale that a prompt can name: "introvert", "neutral" or "extravert"."""
    return min(BANDS, key=lambda name: abs(BANDS[name] - extraversion))
