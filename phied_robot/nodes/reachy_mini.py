"""The robot node: joint commands to the daemon of a Reachy Mini or of its simulator, its state back."""

from pydantic import Field
from sensor_msgs.msg import JointState

from phied_robot import topics
from phied_robot.messages import RobotState
from phied_robot.nodes.conversions import joint_message, joints_from, pose_message
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, StartError, TutorNode, run
from phied_robot.robots.daemon import AddressError, full_address
from phied_robot.robots.pose import Joints
from phied_robot.robots.reachy_mini import ReachyMiniClient, RobotConnection


class ReachyMiniSettings(Settings):
    """Parameters of the robot node."""

    address: str = Field(
        "", description="HOST or HOST:PORT of the robot's daemon, such as reachy-mini.local; empty: none."
    )


class ReachyMiniNode(TutorNode[ReachyMiniSettings]):
    """Carries joints between the topics and the daemon."""

    def __init__(self) -> None:
        """Begin to look for the robot."""
        super().__init__("reachy_mini", ReachyMiniSettings)
        self._state = RobotState(state="off", detail="no robot address is set")
        self._client: ReachyMiniClient | None = None
        self.advertise(topics.ROBOT_STATE, topics.JOINT_STATES, topics.HEAD_POSE)
        self.send(topics.ROBOT_STATE, self._state)
        self._address = self._full_address()
        if self._address:
            self._client = ReachyMiniClient(
                self._address, on_state=self._joints_reported, on_connection=self._connection_changed
            )
            self.receive(topics.JOINT_COMMANDS, self._command)
            self.rely_on("robot_expression")
            self._client.start()
            self.every(1.0, self._tell_clamped)

    def close(self) -> None:
        """Let the robot rest and close the connection."""
        if self._client is not None:
            self._client.close()

    def health(self) -> Health:
        """A warning while the robot is not connected."""
        level = "ok" if self._state.state in ("connected", "off") else "warning"
        values: dict[str, object] = {"address": self._address}
        if self._client is not None:
            values["clamped targets"] = self._client.clamped
        return Health(level, self._state.detail or self._state.state, values)

    def _full_address(self) -> str:
        try:
            return full_address(self.settings.address) if self.settings.address else ""
        except AddressError as error:
            raise StartError(f"reachy_mini: {error}") from error

    def _command(self, message: JointState) -> None:
        assert self._client is not None
        try:
            self._client.send(joints_from(message))
        except ValueError as error:
            self.refuse(topics.JOINT_COMMANDS.name, error)

    def _joints_reported(self, joints: Joints) -> None:
        stamp = self.get_clock().now().to_msg()
        self.publish(topics.JOINT_STATES, joint_message(joints, stamp))
        self.publish(topics.HEAD_POSE, pose_message(joints, stamp))

    def _tell_clamped(self) -> None:
        assert self._client is not None
        if self._client.clamped != self._state.clamped:
            self._state = self._state.model_copy(update={"clamped": self._client.clamped})
            self.send(topics.ROBOT_STATE, self._state)

    def _connection_changed(self, connection: RobotConnection) -> None:
        self._state = RobotState(
            state=connection.state,
            address=self._address,
            daemon_version=connection.version,
            detail=connection.detail,
            clamped=self._state.clamped,
        )
        self.send(topics.ROBOT_STATE, self._state)


def main() -> None:
    """Run the robot node."""
    run(ReachyMiniNode)


if __name__ == "__main__":
    main()
