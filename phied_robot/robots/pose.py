"""The robot's nine joints, and the head's pose as the matrix and the quaternion that others use."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Joints(NamedTuple):
    """The nine joints in the order of `topics.JOINTS`: metres for the first three, radians for the others.

    The head's six are virtual: its pose relative to the neutral head, +x forward, +y left, +z up, and the
    rotation Rz(yaw) Ry(pitch) Rx(roll); +pitch looks down, +yaw left.
    """

    head_x: float
    head_y: float
    head_z: float
    head_roll: float
    head_pitch: float
    head_yaw: float
    body_yaw: float
    antenna_right: float
    antenna_left: float


NEUTRAL = Joints(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, antenna_right=-0.1745, antenna_left=0.1745)
"""Where the robot stands when it has woken up; the antennas lean by 10 degrees because upright ones shake."""

HEAD_FRAME = "head_neutral"
"""The frame of the neutral head, in which its pose is told."""


def head_matrix(joints: Joints) -> list[float]:
    """The head's pose as a 4x4 homogeneous matrix: 16 numbers, row by row (m)."""
    sin_roll, cos_roll = math.sin(joints.head_roll), math.cos(joints.head_roll)
    sin_pitch, cos_pitch = math.sin(joints.head_pitch), math.cos(joints.head_pitch)
    sin_yaw, cos_yaw = math.sin(joints.head_yaw), math.cos(joints.head_yaw)
    return [
        cos_yaw * cos_pitch,
        cos_yaw * sin_pitch * sin_roll - sin_yaw * cos_roll,
        cos_yaw * sin_pitch * cos_roll + sin_yaw * sin_roll,
        joints.head_x,
        sin_yaw * cos_pitch,
        sin_yaw * sin_pitch * sin_roll + cos_yaw * cos_roll,
        sin_yaw * sin_pitch * cos_roll - cos_yaw * sin_roll,
        joints.head_y,
        -sin_pitch,
        cos_pitch * sin_roll,
        cos_pitch * cos_roll,
        joints.head_z,
        *(0.0, 0.0, 0.0, 1.0),
    ]


def joints_from_state(matrix: Sequence[Sequence[float]], body_yaw: float, antennas: Sequence[float]) -> Joints:
    """The nine joints from what the daemon reports: the head's 4x4 matrix, radians, and [right, left] radians."""
    return Joints(
        head_x=matrix[0][3],
        head_y=matrix[1][3],
        head_z=matrix[2][3],
        head_roll=math.atan2(matrix[2][1], matrix[2][2]),
        head_pitch=math.atan2(-matrix[2][0], math.hypot(matrix[2][1], matrix[2][2])),
        head_yaw=math.atan2(matrix[1][0], matrix[0][0]),
        body_yaw=body_yaw,
        antenna_right=antennas[0],
        antenna_left=antennas[1],
    )


def head_quaternion(joints: Joints) -> tuple[float, float, float, float]:
    """The head's rotation as a unit quaternion (x, y, z, w)."""
    sin_roll, cos_roll = math.sin(joints.head_roll / 2), math.cos(joints.head_roll / 2)
    sin_pitch, cos_pitch = math.sin(joints.head_pitch / 2), math.cos(joints.head_pitch / 2)
    sin_yaw, cos_yaw = math.sin(joints.head_yaw / 2), math.cos(joints.head_yaw / 2)
    return (
        sin_roll * cos_pitch * cos_yaw - cos_roll * sin_pitch * sin_yaw,
        cos_roll * sin_pitch * cos_yaw + sin_roll * cos_pitch * sin_yaw,
        cos_roll * cos_pitch * sin_yaw - sin_roll * sin_pitch * cos_yaw,
        cos_roll * cos_pitch * cos_yaw + sin_roll * sin_pitch * sin_yaw,
    )
