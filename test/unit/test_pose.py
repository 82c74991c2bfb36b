import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phied_robot import topics
from phied_robot.robots.pose import NEUTRAL, Joints, head_matrix, head_quaternion, joints_from_state

lengths = st.floats(-0.05, 0.05)
angles = st.floats(-1.5, 1.5)
poses = st.builds(Joints, lengths, lengths, lengths, angles, angles, st.floats(-3.1, 3.1), angles, angles, angles)


def rotation(axis: int, angle: float) -> np.ndarray:
    """Rotation about x, y or z, from the textbook's 2x2 block."""
    matrix = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = matrix[second, second] = math.cos(angle)
    matrix[first, second], matrix[second, first] = -math.sin(angle), math.sin(angle)
    return matrix


def test_joints_are_named_and_ordered_as_on_the_topics():
    assert Joints._fields == topics.JOINTS


def test_the_neutral_head_is_at_the_origin():
    assert np.allclose(np.reshape(head_matrix(NEUTRAL), (4, 4)), np.eye(4))
    assert head_quaternion(NEUTRAL) == (0.0, 0.0, 0.0, 1.0)


@given(poses)
def test_the_matrix_turns_by_roll_then_pitch_then_yaw_about_fixed_axes(joints):
    expected = rotation(2, joints.head_yaw) @ rotation(1, joints.head_pitch) @ rotation(0, joints.head_roll)
    matrix = np.reshape(head_matrix(joints), (4, 4))
    assert np.allclose(matrix[:3, :3], expected)
    assert np.allclose(matrix[:3, 3], joints[:3])
    assert np.allclose(matrix[3], [0, 0, 0, 1])


@given(poses)
def test_a_reported_state_gives_the_joints_back(joints):
    matrix = np.reshape(head_matrix(joints), (4, 4)).tolist()
    back = joints_from_state(matrix, joints.body_yaw, [joints.antenna_right, joints.antenna_left])
    assert back == pytest.approx(joints, abs=1e-9)


@given(poses)
def test_the_quaternion_is_the_matrix_rotation(joints):
    x, y, z, w = head_quaternion(joints)
    assert x * x + y * y + z * z + w * w == pytest.approx(1.0)
    vector = np.array([0.3, -0.5, 0.8])
    axis = np.array([x, y, z])
    turned = vector + 2 * np.cross(axis, np.cross(axis, vector) + w * vector)
    assert np.allclose(turned, np.reshape(head_matrix(joints), (4, 4))[:3, :3] @ vector)
