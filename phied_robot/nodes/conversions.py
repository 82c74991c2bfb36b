"""Between the plain data of the lower floors and ROS classes: types, quality of service, joints, poses."""

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Int16MultiArray, String

from phied_robot import topics
from phied_robot.robots.pose import HEAD_FRAME, Joints, head_quaternion

MESSAGE_TYPES: dict[str, Any] = {
    "std_msgs/String": String,
    "std_msgs/Bool": Bool,
    "std_msgs/Int16MultiArray": Int16MultiArray,
    "sensor_msgs/JointState": JointState,
    "geometry_msgs/PoseStamped": PoseStamped,
    "diagnostic_msgs/DiagnosticArray": DiagnosticArray,
}

LEVELS = {
    "ok": DiagnosticStatus.OK,
    "warning": DiagnosticStatus.WARN,
    "error": DiagnosticStatus.ERROR,
}


def quality_profile(quality: topics.QualityOfService) -> QoSProfile:
    """The QoS profile of a topic."""
    return QoSProfile(
        depth=quality.depth,
        reliability=ReliabilityPolicy.RELIABLE if quality.reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if quality.latched else DurabilityPolicy.VOLATILE,
    )


def joint_message(joints: Joints, stamp: Time) -> JointState:
    """The nine joints (m, rad) as a JointState."""
    message = JointState(name=list(topics.JOINTS), position=[float(value) for value in joints])
    message.header.stamp = stamp
    return message


def joints_from(message: JointState) -> Joints:
    """The nine joints (m, rad) of a JointState, found by name.

    Raises:
        ValueError: a joint is missing or there are fewer positions than names.
    """
    positions = dict(zip(message.name, message.position, strict=False))
    missing = [name for name in topics.JOINTS if name not in positions]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return Joints(*(positions[name] for name in topics.JOINTS))


def pose_message(joints: Joints, stamp: Time) -> PoseStamped:
    """The head's pose (m, unit quaternion) relative to its neutral pose."""
    message = PoseStamped()
    message.header.stamp = stamp
    message.header.frame_id = HEAD_FRAME
    position = message.pose.position
    position.x, position.y, position.z = joints.head_x, joints.head_y, joints.head_z
    rotation = message.pose.orientation
    rotation.x, rotation.y, rotation.z, rotation.w = head_quaternion(joints)
    return message


def diagnostic_message(
    name: str, level: str, says: str, values: Sequence[tuple[str, object]], stamp: Time
) -> DiagnosticArray:
    """One node's health; `level` is "ok", "warning" or "error"."""
    status = DiagnosticStatus(
        level=LEVELS[level],
        name=name,
        message=says,
        values=[KeyValue(key=key, value=str(value)) for key, value in values],
    )
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp
    return message
