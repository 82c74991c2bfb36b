"""The Gazebo node: takes the place of the robot node, between the topics of the tutor and Gazebo's bridge."""

import time

from rclpy.publisher import Publisher
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from phied_robot import topics
from phied_robot.nodes.conversions import joint_message, joints_from, pose_message, quality_profile
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, TutorNode, run
from phied_robot.robots.gazebo import STATES, TARGETS, GazeboRelay


class GazeboNode(TutorNode[Settings]):
    """Carries joints between the topics and the bridge."""

    def __init__(self) -> None:
        """Begin to listen on both sides."""
        super().__init__("gazebo", Settings)
        self._relay = GazeboRelay()
        self.advertise(topics.JOINT_STATES, topics.HEAD_POSE)
        # The bridge's readers are reliable, so a best-effort writer would not reach them.
        self._targets: dict[str, Publisher] = {
            name: self.create_publisher(Float64, name, quality_profile(topics.EVENT)) for name in TARGETS.values()
        }
        self.create_subscription(JointState, STATES, self._joints_reported, quality_profile(topics.STREAM))
        self.receive(topics.JOINT_COMMANDS, self._command)
        self.rely_on("robot_expression")

    def health(self) -> Health:
        """A warning while Gazebo is not heard of."""
        values: dict[str, object] = {"clamped targets": self._relay.clamped}
        trouble = self._relay.trouble(time.monotonic())
        return Health("warning", trouble, values) if trouble else Health("ok", "connected to Gazebo", values)

    def _command(self, message: JointState) -> None:
        try:
            targets = self._relay.targets(joints_from(message))
        except ValueError as error:
            self.refuse(topics.JOINT_COMMANDS.name, error)
            return
        for name, target in targets.items():
            self._targets[name].publish(Float64(data=target))

    def _joints_reported(self, message: JointState) -> None:
        if not self._relay.is_due(time.monotonic()):
            return
        try:
            joints = joints_from(message)
        except ValueError as error:
            self.refuse(STATES, error)
            return
        stamp = self.get_clock().now().to_msg()
        self.publish(topics.JOINT_STATES, joint_message(joints, stamp))
        self.publish(topics.HEAD_POSE, pose_message(joints, stamp))


def main() -> None:
    """Run the Gazebo node."""
    run(GazeboNode)


if __name__ == "__main__":
    main()
