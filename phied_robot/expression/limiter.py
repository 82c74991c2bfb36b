"""The last layer of motion: whatever is asked for, no joint jumps."""

import math

from phied_robot.robots.pose import Joints
from phied_robot.robots.safe_boxes import MAX_SPEED, clamp

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


class Limiter:
    """Follows a target exactly while speed and acceleration permit, and catches up as fast as they permit otherwise."""

    def __init__(self, start: Joints) -> None:
        """Begin at rest."""
        self.position = start
        self._target = start
        self._velocity = (0.0,) * len(start)

    def stop(self) -> None:
        """Stand still at once, where the joints are now."""
        self._target = self.position
        self._velocity = (0.0,) * len(self.position)

    def step(self, target: Joints, seconds: float) -> Joints:
        """The joints (m, rad) `seconds` after the step before, on their way to `target`, inside the safe box."""
        wished = Joints(
            *(
                _next(position, velocity, old_goal, goal, speed, acceleration, seconds)
                for position, velocity, old_goal, goal, speed, acceleration in zip(
                    self.position, self._velocity, self._target, target, MAX_SPEED, MAX_ACCELERATION, strict=True
                )
            )
        )
        reached, _ = clamp(wished)
        self._velocity = tuple((new - old) / seconds for old, new in zip(self.position, reached, strict=True))
        self._target, self.position = target, reached
        return reached


def _next(
    position: float,
    velocity: float,
    old_target: float,
    target: float,
    max_speed: float,
    max_acceleration: float,
    seconds: float,
) -> float:
    """One joint's next position: the target's own speed, and as much more as can still be braked away.

    Whole ticks of braking overshoot a target that stands still by an eighth of `max_acceleration * seconds**2` at most.
    """
    target_speed = _within(max_speed, (target - old_target) / seconds)
    gap = target - position - target_speed * seconds
    half_step = max_acceleration * seconds / 2
    brakeable = math.sqrt(half_step**2 + 2 * max_acceleration * abs(gap)) - half_step
    catching_up = math.copysign(min(brakeable, abs(gap) / seconds), gap)
    change = _within(max_speed, target_speed + catching_up) - velocity
    return position + seconds * (velocity + _within(max_acceleration * seconds, change))


def _within(bound: float, value: float) -> float:
    return min(max(value, -bound), bound)
