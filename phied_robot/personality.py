"""The trait scale: extraversion in [-1, 1], and everything it sets.

Nothing else reads the trait. Every setting is linear or geometric between its introvert, neutral and
extravert value, so that the scale is continuous and monotone.
"""

from dataclasses import dataclass

PRESETS = {"introvert": -1.0, "neutral": 0.0, "extravert": 1.0}


@dataclass(frozen=True)
class VoiceSettings:
    """How the voice sounds, relative to the neutral voice.

    rate: factor on words a minute; 0.92 to 1.08 (direction and ratio: Nass & Lee 2001, kept within
        12 % of normal, where benevolence is judged best).
    pitch_semitones: shift of the mean; -2 to +2 (Nass & Lee 2001: 84 and 140 Hz, scaled to one voice).
    pitch_range: factor on the excursion; 0.7 to 1.3 (Nass & Lee 2001: 16 and 40 Hz).
    loudness_db: gain; -3 to +3 dB (direction: Nass & Lee 2001).
    pause: seconds between sentences; 0.7 to 0.3 (design).
    """

    rate: float
    pitch_semitones: float
    pitch_range: float
    loudness_db: float
    pause: float


@dataclass(frozen=True)
class MotionSettings:
    """How the robot moves.

    head_amplitude: degrees of a full gesture; 7 to 18 (design: 5-10 and 15-25, inside the safe boxes).
    gestures_per_clause: probability; 0.33 to 1 (Neff 2010).
    duration: factor on the length of a move; 1.3 to 0.75 (Aly & Tapus 2013).
    gaze_aversion: share of listening time that the gaze is averted; 0.3 to 0 (direction: Han 2025).
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


def personality(extraversion: float) -> Personality:
    """All settings for a value of extraversion in [-1, 1].

    Raises:
        ValueError: the value is outside the scale or not finite.
    """
    if not -1.0 <= extraversion <= 1.0:
        raise ValueError(f"extraversion is {extraversion}, but the scale runs from -1 (introvert) to 1 (extravert)")

    def between(introvert: float, neutral: float, extravert: float) -> float:
        far_end = extravert if extraversion > 0 else introvert
        return neutral + (far_end - neutral) * abs(extraversion)

    return Personality(
        extraversion=extraversion,
        manner=manner(extraversion),
        voice=VoiceSettings(
            rate=between(0.92, 1.0, 1.08),
            pitch_semitones=between(-2.0, 0.0, 2.0),
            pitch_range=between(0.7, 1.0, 1.3),
            loudness_db=between(-3.0, 0.0, 3.0),
            pause=between(0.7, 0.5, 0.3),
        ),
        motion=MotionSettings(
            head_amplitude=between(7.0, 12.0, 18.0),
            gestures_per_clause=between(0.33, 0.6, 1.0),
            duration=between(1.3, 1.0, 0.75),
            gaze_aversion=between(0.3, 0.1, 0.0),
        ),
    )


def manner(extraversion: float) -> str:
    """The band of the scale that a prompt can name: "introvert", "neutral" or "extravert"."""
    return min(PRESETS, key=lambda name: abs(PRESETS[name] - extraversion))


def parse(text: str) -> float:
    """Read a preset's name or a number in [-1, 1].

    Raises:
        ValueError: one sentence that says what is allowed.
    """
    if text in PRESETS:
        return PRESETS[text]
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -1.0 <= value <= 1.0:
        raise ValueError(
            f"personality {text!r} is neither {', '.join(PRESETS)} nor a number from -1 (introvert) to 1 (extravert)"
        )
    return value
