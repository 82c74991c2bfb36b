"""Gazebo's side of the nine joints: the bridge carries a target topic for each, and one with the state of all."""

from phied_robot.robots.pose import Joints
from phied_robot.robots.safe_boxes import clamp

STATES = "gazebo/joint_states"
TARGETS = {joint: f"gazebo/{joint}" for joint in Joints._fields}
"""The bridge's ROS topic of each joint's controller (std_msgs/Float64, m or rad)."""

TOLD_EVERY = 0.02
"""Seconds between reports, as of the robot's daemon; Gazebo tells the joints at every step of its physics."""
SILENCE = 3.0


class GazeboRelay:
    """Targets on their way out are clamped and counted, reports on their way back are thinned.

    Attributes:
        clamped: how many targets lay outside the safe box.
    """

    def __init__(self) -> None:
        """Nothing has been heard yet."""
        self.clamped = 0
        self._heard: float | None = None
        self._told = float("-inf")

    def targets(self, joints: Joints) -> dict[str, float]:
        """What to send to each of the target topics.

        Raises:
            ValueError: a joint is not a finite number.
        """
        inside, was_clamped = clamp(joints)
        self.clamped += was_clamped
        return {TARGETS[name]: value for name, value in inside._asdict().items()}

    def is_due(self, now: float) -> bool:
        """Hear of a report at a monotonic time (s), and say whether it is to be passed on."""
        self._heard = now
        due = now - self._told >= TOLD_EVERY
        if due:
            self._told = now
        return due

    def trouble(self, now: float) -> str:
        """Why Gazebo is not there at a monotonic time (s), in one sentence; "" when it is."""
        if self._heard is None:
            return f"nothing was heard on {STATES} yet; are Gazebo and its bridge running?"
        return f"Gazebo has been silent for {now - self._heard:.0f} s" if now - self._heard > SILENCE else ""
