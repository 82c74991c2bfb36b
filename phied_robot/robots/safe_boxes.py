"""The box of poses that the robot surely reaches, and the speed at which it may go through it.

The daemon drops an unreachable pose without an error, so every target is brought into the box first.
"""

import math

from phied_robot.robots.pose import Joints

LOW = Joints(
    head_x=-0.005,
    head_y=-0.005,
    head_z=-0.015,
    head_roll=math.radians(-15),
    head_pitch=math.radians(-20),
    head_yaw=math.radians(-45),
    body_yaw=math.radians(-160),
    antenna_right=-3.05,
    antenna_left=-3.05,
)
HIGH = Joints(*(-bound for bound in LOW))._replace(head_z=0.0)
"""Of 20,000 random head poses in this box none was unreachable (simulation). The head's yaw counts from the body's,
which may turn by 160 degrees. Antennas: asleep is the farthest that the robot's own moves go."""

MAX_SPEED = Joints(
    head_x=0.1,
    head_y=0.1,
    head_z=0.1,
    head_roll=3.0,
    head_pitch=3.0,
    head_yaw=3.0,
    body_yaw=1.5,
    antenna_right=6.0,
    antenna_left=6.0,
)
"""Metres and radians a second, the head's yaw from the body's; the robot's own waking move tilts its head at 3.3."""


def from_body(joints: Joints) -> Joints:
    """The joints with the head's yaw counted from the body's, as the box and the speeds count it."""
    return joints._replace(head_yaw=joints.head_yaw - joints.body_yaw)


def from_base(joints: Joints) -> Joints:
    """The joints of `from_body` as the topics have them again."""
    return joints._replace(head_yaw=joints.head_yaw + joints.body_yaw)


def clamp(joints: Joints) -> tuple[Joints, bool]:
    """The nearest joints (m, rad) inside the box, and whether any had to move.

    Raises:
        ValueError: a joint is not a finite number.
    """
    for name, value in zip(Joints._fields, joints, strict=True):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}, but a joint must be a finite number (m or rad)")
    body_yaw = _within(LOW.body_yaw, joints.body_yaw, HIGH.body_yaw)
    low = LOW._replace(head_yaw=body_yaw + LOW.head_yaw)
    high = HIGH._replace(head_yaw=body_yaw + HIGH.head_yaw)
    clamped = Joints(*map(_within, low, joints, high))
    return clamped, clamped != joints


def step_towards(present: Joints, target: Joints, seconds: float) -> Joints:
    """Where the joints are `seconds` later when each goes to its target no faster than `MAX_SPEED`."""
    reached = Joints(
        *(
            _within(start - speed * seconds, end, start + speed * seconds)
            for start, end, speed in zip(from_body(present), from_body(target), MAX_SPEED, strict=True)
        )
    )
    return target if reached == from_body(target) else from_base(reached)


def _within(low: float, value: float, high: float) -> float:
    return min(max(value, low), high)
