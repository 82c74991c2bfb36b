"""What is added to a gesture: breathing, swaying with the voice, and looking away. All of them offsets of joints."""

import math

from phied_robot.robots.pose import Joints

STILL = Joints(*(0.0,) * 9)
SWAY_AMPLITUDE = 10.0
"""Degrees of head amplitude at which the sway has the size that the maker's conversation app uses."""

ATTACK, RELEASE = 0.04, 0.25
"""Seconds in which the sway follows a louder and a softer voice (the maker's conversation app)."""

AVERSION_PERIOD = 5.0
AVERSION_YAW = 0.8


def total(*layers: Joints) -> Joints:
    """The sum of offsets, joint by joint."""
    return Joints(*map(sum, zip(*layers, strict=True)))


def breathing(now: float, weight: float) -> Joints:
    """5 mm at 0.1 Hz and antennas by 15 degrees at 0.5 Hz (the maker's conversation app); `weight` fades, 0 to 1."""
    antennas = weight * math.radians(15) * math.sin(2 * math.pi * 0.5 * now)
    return STILL._replace(
        head_z=-weight * 0.0025 * (1 - math.cos(2 * math.pi * 0.1 * now)),
        antenna_right=antennas,
        antenna_left=-antennas,
    )


def sway(now: float, loudness: float, amplitude: float) -> Joints:
    """Waves of the maker's conversation app, for a loudness of 0 to 1 and an amplitude in degrees.

    Two differ: it rolls by 2.25 degrees and yaws at 0.6 Hz. The head follows slower waves than the pitch's far better,
    and with these its speed tells the loudness in the midst of gestures too (`phied bench expression --only motion`).
    """
    turn = loudness * amplitude / SWAY_AMPLITUDE
    shift = loudness * min(1.0, amplitude / SWAY_AMPLITUDE)

    def wave(hertz: float) -> float:
        return math.sin(2 * math.pi * hertz * now)

    return STILL._replace(
        head_x=shift * 0.0045 * wave(0.35),
        head_y=shift * 0.00375 * wave(0.45),
        head_z=shift * 0.00225 * (wave(0.25) - 1),
        head_roll=turn * math.radians(5.5) * wave(1.3),
        head_pitch=turn * math.radians(4.5) * wave(2.2),
        head_yaw=turn * math.radians(7.5) * wave(0.8),
    )


def follow_loudness(present: float, loudness: float, seconds: float) -> float:
    """The smoothed loudness `seconds` later: quick to rise, slow to fall."""
    constant = ATTACK if loudness > present else RELEASE
    return present + (loudness - present) * (1 - math.exp(-seconds / constant))


def gaze(listening: float, share: float, amplitude: float) -> Joints:
    """A look to the side for `share` of the time, after `listening` seconds; `amplitude` in degrees."""
    looking_at, period = (1 - share) * AVERSION_PERIOD, AVERSION_PERIOD
    moment = listening % period
    ramp = min(0.4, share * period / 2)
    if ramp == 0 or moment < looking_at:
        return STILL
    away = minimum_jerk((moment - looking_at) / ramp) * minimum_jerk((period - moment) / ramp)
    return STILL._replace(head_yaw=away * AVERSION_YAW * math.radians(amplitude))


def minimum_jerk(progress: float) -> float:
    """From 0 at 0 to 1 at 1 with no speed and no acceleration at either end (Flash & Hogan 1985)."""
    s = min(max(progress, 0.0), 1.0)
    return s * s * s * (10 - 15 * s + 6 * s * s)
