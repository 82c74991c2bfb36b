"""The Gazebo node between the tutor's topics and the bridge's, which is played as bridge.yaml says."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from phied_robot import topics
from phied_robot.configuration import config_path
from phied_robot.messages import Progress, Session
from phied_robot.nodes.conversions import joint_message, joints_from
from phied_robot.robots.pose import NEUTRAL

BRIDGED = yaml.safe_load((config_path("gazebo") / "bridge.yaml").read_text(encoding="utf-8"))
QUEUE = 10
"""The bridge's own: reliable, so many messages."""


class Bridge:
    """A Gazebo whose joints are where they were last sent, behind the bridge's topics."""

    def __init__(self) -> None:
        self._node = Node("ros_gz_bridge")
        self._joints: dict[str, float] = {}
        out = [line["ros_topic_name"] for line in BRIDGED if line["direction"] == "ROS_TO_GZ"]
        (states,) = [line["ros_topic_name"] for line in BRIDGED if line["ros_type_name"].endswith("JointState")]
        for name in out:
            self._node.create_subscription(Float64, name, self._mover(name.rpartition("/")[2]), QUEUE)
        self._states = self._node.create_publisher(JointState, states, QUEUE)
        self._node.create_timer(0.01, self._tell)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(timeout=10)
        self._node.destroy_node()

    def _mover(self, joint: str) -> Any:
        return lambda message: self._joints.update({joint: message.data})

    def _tell(self) -> None:
        # In Gazebo's order, which is the model's and not ours.
        names = sorted(self._joints)
        if len(names) == len(topics.JOINTS):
            self._states.publish(JointState(name=names, position=[self._joints[name] for name in names]))

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()


@pytest.fixture
def bridge(watcher: Any) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


def test_targets_go_to_gazebo_and_its_joints_come_back(watcher: Any, bridge: Bridge) -> None:
    watcher.start("gazebo")
    aside = NEUTRAL._replace(head_pitch=1.5, head_yaw=0.4, antenna_left=0.9)
    stamp = JointState().header.stamp

    def arrived(_: Any) -> bool:
        # Each time anew: to a stream's reader that is not matched yet, a message is lost.
        watcher.publish(topics.JOINT_COMMANDS, joint_message(aside, stamp))
        return bool(watcher.messages(topics.JOINT_STATES))

    watcher.wait_for_message(topics.DIAGNOSTICS, arrived)
    reported = watcher.messages(topics.JOINT_STATES)[-1]
    assert tuple(reported.name) == topics.JOINTS
    joints = joints_from(reported)
    assert joints == pytest.approx(aside._replace(head_pitch=joints.head_pitch)) and 0.3 < joints.head_pitch < 0.4
    assert watcher.wait_for_message(topics.HEAD_POSE).pose.orientation.z > 0
    watcher.diagnostics("gazebo", lambda values: int(values["clamped targets"]) > 0)


def test_the_expression_node_drives_gazebo_as_it_drives_the_robot(watcher: Any, bridge: Bridge) -> None:
    watcher.start("gazebo")
    watcher.start("robot_expression")
    watcher.wait_for_message(topics.JOINT_STATES)
    watcher.send(topics.SESSION, Session(session_id="s", extraversion=1.0))
    watcher.send(topics.PROGRESS, Progress(lesson="plants"))
    # Every greeting nods; breathing does not.
    watcher.wait_for_message(topics.JOINT_STATES, lambda message: abs(joints_from(message).head_pitch) > 0.05)
