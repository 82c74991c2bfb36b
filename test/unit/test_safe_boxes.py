import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phied_robot.robots.pose import NEUTRAL, Joints, head_matrix
from phied_robot.robots.safe_boxes import HIGH, LOW, MAX_SPEED, clamp, from_body, step_towards

anything = st.builds(Joints, *[st.floats(-10, 10)] * 9)


def in_box(joints: Joints) -> bool:
    relative = joints._replace(head_yaw=joints.head_yaw - joints.body_yaw)
    return all(low - 1e-12 <= value <= high + 1e-12 for low, value, high in zip(LOW, relative, HIGH, strict=True))


@given(anything)
def test_clamped_joints_are_in_the_box_and_stay_as_they_are(joints):
    clamped, was_clamped = clamp(joints)
    assert in_box(clamped)
    assert was_clamped == (clamped != joints)
    assert clamp(clamped) == (clamped, False)


def test_the_neutral_pose_is_not_touched():
    assert clamp(NEUTRAL) == (NEUTRAL, False)


def test_the_head_may_turn_with_the_body():
    turned = NEUTRAL._replace(body_yaw=math.radians(90), head_yaw=math.radians(120))
    assert clamp(turned) == (turned, False)
    too_far, was_clamped = clamp(turned._replace(head_yaw=math.radians(170)))
    assert was_clamped
    assert math.degrees(too_far.head_yaw) == pytest.approx(135)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("joint", Joints._fields)
def test_a_number_that_is_not_finite_is_refused_by_name(joint, number):
    with pytest.raises(ValueError, match=f"{joint} is"):
        clamp(NEUTRAL._replace(**{joint: number}))


def test_the_robot_reaches_the_whole_box():
    kinematics = pytest.importorskip(
        "reachy_mini.kinematics.analytical_kinematics", reason="the maker's library is not installed"
    ).AnalyticalKinematics()
    numbers = random.Random(1)
    for _ in range(3000):
        drawn = Joints(*map(numbers.uniform, LOW, HIGH))
        joints = drawn._replace(head_yaw=drawn.head_yaw + drawn.body_yaw)
        motors = kinematics.ik(np.reshape(head_matrix(joints), (4, 4)), body_yaw=joints.body_yaw)
        assert np.isfinite(motors).all(), joints


@given(anything, anything, st.floats(0.0, 0.1))
def test_a_step_is_never_faster_than_allowed_and_never_too_far(present, target, seconds):
    reached = step_towards(present, target, seconds)
    for start, there, goal, speed in zip(*map(from_body, (present, reached, target)), MAX_SPEED, strict=True):
        assert abs(there - start) <= speed * seconds + 1e-9
        assert min(start, goal) - 1e-9 <= there <= max(start, goal) + 1e-9


def test_a_target_within_reach_is_reached():
    near = NEUTRAL._replace(head_yaw=0.05)
    assert step_towards(NEUTRAL, near, 0.02) == near
