"""Waits until the tutor is ready for its first question, and ends: what a launch file begins a replay with."""

import contextlib
import sys

import rclpy
from pydantic import Field
from rclpy.executors import ExternalShutdownException

from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.readiness import Readiness
from phied_robot.nodes.tutor_node import TutorNode


class WaitUntilReadySettings(Settings):
    """Parameters of the waiting node."""

    nodes: list[str] = Field(
        ["language_model", "session", "pedagogical_strategy", "response_generation", "robot_expression"],
        description="Names of the nodes to wait for.",
    )


def main() -> None:
    """Exit code 0 once all are there."""
    try:
        with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException), rclpy.init():
            node = TutorNode("wait_until_ready", WaitUntilReadySettings)
            readiness = Readiness(node, node.settings.nodes)
            while readiness.missing():
                rclpy.spin_once(node, timeout_sec=0.5)
            node.destroy_node()
    except (KeyboardInterrupt, ExternalShutdownException):
        sys.exit("interrupted before the tutor was ready")


if __name__ == "__main__":
    main()
