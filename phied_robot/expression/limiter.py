"""The last layer of motion: whatever is asked for, no joint jumps, buzzes or leaves the safe box."""

import math
from collections import deque
from typing import NamedTuple

from phied_robot.robots.pose import Joints
from phied_robot.robots.safe_boxes import HIGH, LOW, MAX_SPEED, clamp, from_base, from_body

MAX_ACCELERATION = Joints(
    head_x=2.0,
    head_y=2.0,
    head_z=2.0,
    head_roll=30.0,
    head_pitch=30.0,
    head_yaw=30.0,
    body_yaw=10.0,
    antenna_right=60.0,
    antenna_left=60.0,
)
"""Metres and radians a second squared; the robot's own waking move reaches 50 rad/s2 with the head."""

AVERAGED = 4
"""Ticks of the moving average that bounds the jerk; it delays all motion by one and a half ticks."""

LONGEST_STEP = 0.04
"""Seconds that pass in a step at most; what may be braked before an edge is counted in steps so long."""

KNEE = 0.75
"""The part of the box from which on a target is bent so that it never quite reaches the edge."""

DEADBAND = Joints(
    head_x=1e-4,
    head_y=1e-4,
    head_z=1e-4,
    head_roll=1e-3,
    head_pitch=1e-3,
    head_yaw=1e-3,
    body_yaw=1e-3,
    antenna_right=1e-3,
    antenna_left=1e-3,
)
"""Metres and radians within which a target may wander and nothing moves; a motor's own step is 0.0015 rad."""


def max_jerk(seconds: float) -> Joints:
    """The bound on the jerk (m/s3, rad/s3) at a tick of that length, the head's yaw counted from the body's.

    The average of n positions has an acceleration that changes by (newest - oldest) / n a tick.
    """
    return Joints(*(2 * acceleration / (AVERAGED * seconds) for acceleration in MAX_ACCELERATION))


class Smoother:
    """Soft edges, a deadband, limits of speed and acceleration, and a moving average that limits the jerk.

    Counted from the body the safe box is a box, so an average of poses inside it is inside it too.
    """

    def __init__(self, start: Joints) -> None:
        """Begin at rest."""
        self.stop(start)

    def stop(self, place: Joints) -> None:
        """Stand still at once, at a place inside the box."""
        self.position = place
        self._held = from_body(place)
        self._limiter = Limiter(self._held)
        self._newest = deque([self._held] * AVERAGED, maxlen=AVERAGED)

    def step(self, target: Joints, seconds: float) -> Joints:
        """The joints (m, rad) `seconds` after the step before, on their way to `target`."""
        # Play, as in a gear: what is held follows the target at the deadband's distance, so nothing jumps at its edge.
        self._held = Joints(
            *(
                min(max(held, wished - play), wished + play)
                for held, wished, play in zip(self._held, _softened(from_body(target)), DEADBAND, strict=True)
            )
        )
        self._newest.append(self._limiter.step(self._held, seconds))
        average = Joints(*(sum(values) / AVERAGED for values in zip(*self._newest, strict=True)))
        # A float's last digit could carry us over the edge.
        self.position, _ = clamp(from_base(average))
        return self.position


class _Bounds(NamedTuple):
    """What one joint keeps to: its box, and its highest speed and acceleration."""

    low: float
    high: float
    speed: float
    acceleration: float


BOUNDS = tuple(map(_Bounds, LOW, HIGH, MAX_SPEED, MAX_ACCELERATION))


class Limiter:
    """Follows a target exactly while speed and acceleration permit, and catches up as fast as they permit otherwise."""

    def __init__(self, start: Joints) -> None:
        """Begin at rest."""
        self.position = start
        self._target = start
        self._velocity = (0.0,) * len(start)

    def step(self, target: Joints, seconds: float) -> Joints:
        """The joints (m, rad) `seconds` after the step before, on their way to `target`."""
        reached = Joints(
            *(
                _next(place, velocity, old_goal, goal, bounds, seconds)
                for place, velocity, old_goal, goal, bounds in zip(
                    self.position, self._velocity, self._target, target, BOUNDS, strict=True
                )
            )
        )
        self._velocity = tuple((new - old) / seconds for old, new in zip(self.position, reached, strict=True))
        self._target, self.position = target, reached
        return reached


def _softened(target: Joints) -> Joints:
    """The target inside the box, bent before its edge, so that swaying is seen there too."""
    inside, _ = clamp(from_base(target))
    softened = {
        name: math.copysign(KNEE * high + (1 - KNEE) * high * math.tanh((abs(value) / high - KNEE) / (1 - KNEE)), value)
        for name, value, low, high in zip(Joints._fields, target, LOW, HIGH, strict=True)
        if low == -high and abs(value) > KNEE * high
    }
    return from_body(inside)._replace(**softened)


def _next(position: float, velocity: float, old_target: float, target: float, bounds: _Bounds, seconds: float) -> float:
    """One joint's next position: the target's own speed, and as much more as can still be braked away.

    A target may turn back faster than the joint can, so the joint never goes faster than it can brake before an edge.
    """
    low, high, max_speed, acceleration = bounds
    target_speed = _within(max_speed, (target - old_target) / seconds)
    gap = target - position - target_speed * seconds
    catching_up = math.copysign(_brakeable(abs(gap), acceleration, seconds), gap)
    change = _within(max_speed, target_speed + catching_up) - velocity
    speed = velocity + _within(acceleration * seconds, change)
    highest = _brakeable(max(0.0, high - position), acceleration, LONGEST_STEP)
    lowest = -_brakeable(max(0.0, position - low), acceleration, LONGEST_STEP)
    return position + seconds * min(max(speed, lowest), highest)


def _brakeable(distance: float, acceleration: float, seconds: float) -> float:
    """The highest speed at which braking in whole ticks of `seconds`, this one included, ends within `distance`."""
    # In units of one tick's braking: m ticks of full braking cover m (m + 1) / 2, and the rest is spread over m + 1.
    units = distance / (acceleration * seconds**2)
    ticks = math.floor((math.sqrt(1 + 8 * units) - 1) / 2)
    return (units / (ticks + 1) + ticks / 2) * acceleration * seconds


def _within(bound: float, value: float) -> float:
    return min(max(value, -bound), bound)
