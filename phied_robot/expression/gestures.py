"""The robot's gestures as data: where head and antennas are at which part of a move.

Written for this robot. Sizes are fractions of the personality's amplitude, so that one table serves every trait.
"""

from typing import NamedTuple


class Keyframe(NamedTuple):
    """A pose that a move passes through at `at` (0 to 1) of its length.

    Angles are fractions of the amplitude: +roll to its right ear, +pitch down, +yaw left; `antennas` opens both.
    """

    at: float
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    antennas: float = 0.0


class Gesture(NamedTuple):
    """A move; the pose of its last keyframe is held until the next move."""

    seconds: float
    keyframes: tuple[Keyframe, ...]


REST = Gesture(0.7, (Keyframe(1.0),))
"""Back to the neutral pose, from wherever the head is."""
BEAT = Gesture(0.6, (Keyframe(0.4, pitch=0.45, antennas=0.3), Keyframe(1.0)))
"""A small nod with the beginning of a clause."""

GESTURES: dict[str, Gesture] = {
    "greeting": Gesture(
        1.8,
        (
            Keyframe(0.2, pitch=-0.6, antennas=1.0),
            Keyframe(0.4, roll=0.8, antennas=-0.3),
            Keyframe(0.6, roll=-0.8, antennas=1.0),
            Keyframe(0.8, roll=0.4, antennas=-0.3),
            Keyframe(1.0),
        ),
    ),
    "attention": Gesture(0.6, (Keyframe(1.0, roll=0.4, pitch=-0.25, antennas=0.5),)),
    "thinking": Gesture(
        1.2, (Keyframe(0.4, roll=-0.4, pitch=-0.8, yaw=0.7), Keyframe(1.0, roll=-0.5, pitch=-0.6, yaw=0.9))
    ),
    "question": Gesture(
        1.6,
        (
            Keyframe(0.3, roll=0.9, pitch=-0.3, yaw=0.3, antennas=0.8),
            Keyframe(0.7, roll=0.8, pitch=-0.4, yaw=0.3, antennas=0.6),
            Keyframe(1.0),
        ),
    ),
    "praise": Gesture(
        1.8,
        (
            Keyframe(0.2, pitch=-0.7, antennas=1.0),
            Keyframe(0.4, pitch=0.8, antennas=-0.2),
            Keyframe(0.6, pitch=-0.5, antennas=1.0),
            Keyframe(0.8, pitch=0.5, antennas=-0.2),
            Keyframe(1.0),
        ),
    ),
    "correction": Gesture(
        1.8,
        (
            Keyframe(0.25, yaw=0.7, roll=0.4),
            Keyframe(0.5, yaw=-0.7, roll=0.4),
            Keyframe(0.75, pitch=0.5, antennas=0.4),
            Keyframe(1.0),
        ),
    ),
    "explain": Gesture(
        2.2,
        (
            Keyframe(0.25, yaw=0.8, pitch=0.3, antennas=0.4),
            Keyframe(0.5, yaw=0.2, pitch=-0.3),
            Keyframe(0.75, yaw=-0.8, pitch=0.3, antennas=0.4),
            Keyframe(1.0),
        ),
    ),
    "encourage": Gesture(
        1.6,
        (
            Keyframe(0.3, roll=0.6, pitch=0.5, antennas=0.5),
            Keyframe(0.6, roll=-0.5, pitch=-0.6, antennas=1.0),
            Keyframe(1.0),
        ),
    ),
    "goodbye": Gesture(
        2.2,
        (
            Keyframe(0.3, pitch=0.9, antennas=-0.3),
            Keyframe(0.5, pitch=-0.3, antennas=1.0),
            Keyframe(0.65, roll=0.7, antennas=-0.3),
            Keyframe(0.8, roll=-0.7, antennas=1.0),
            Keyframe(1.0),
        ),
    ),
}

_FOR_STRATEGY = {
    "socratic_questioning": "question",
    "scaffolding": "question",
    "direct_instruction": "explain",
    "worked_example": "explain",
    "corrective_feedback": "correction",
    "confirmation": "praise",
    "encouragement": "encourage",
    "redirection": "attention",
}


def gesture_for(strategy_label: str) -> str:
    """The gesture that begins an answer given with this teaching strategy; another label gets an explanation's."""
    return _FOR_STRATEGY.get(strategy_label, "explain")
