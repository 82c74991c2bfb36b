"""A recorded lesson into the tutor's nodes, by `ros2 bag play` and with the recorded clock.

ros2 launch phied_robot replay.launch.py bag:=rosbag2_2026_11_26-10_00_00 from:=transcripts
"""

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    GroupAction,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.launch_context import LaunchContext
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

from phied_robot.replay.inputs import STAGES, inputs
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import Run
from phied_robot.replay.settings import node_parameters, session_parameters
from phied_robot.replay.stock import play_command

ARGUMENTS = {
    "bag": ("", "folder of the bag, mcap or sqlite3"),
    "from": ("transcripts", "audio, transcripts or strategies: where the recording enters"),
    "rate": ("1.0", "factor on the recorded pace"),
    "namespace": ("replay", "ROS namespace of the nodes, apart from a tutor that runs"),
}


def _nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    if given["from"] not in STAGES:
        raise ValueError(f"from:={given['from']} is none of {', '.join(STAGES)}")
    run, stage = Run(Bag(Path(given["bag"]))), given["from"]
    if run.bag.cut_short:
        raise ValueError(f"{run.bag.cut_short}; ros2 bag needs a whole one, phied replay does not")
    inputs(run, stage)  # refuses a bag in which nothing was said
    names = ["language_model", "session", "response_generation", "robot_expression"]
    names += ["pedagogical_strategy"] if stage != "strategies" else []
    names += ["speech_input"] if stage == "audio" else []
    own = {name: node_parameters(run, name) for name in names}
    own["session"] = session_parameters(run, Path(mkdtemp(prefix="phied_robot_replay_")) / "sessions.sqlite")
    own.setdefault("speech_input", {})["source"] = "topic"
    parameters = str(Path(get_package_share_directory("phied_robot")) / "config" / "tutor.yaml")
    clock = {"use_sim_time": True}
    nodes = [
        Node(
            package="phied_robot",
            executable=name,
            name=name,
            parameters=[parameters, _typed(own[name]), clock],
            output="screen",
        )
        for name in names
    ]
    ready = Node(
        package="phied_robot", executable="wait_until_ready", parameters=[{"nodes": names}, clock], output="screen"
    )
    namespace = given["namespace"].strip("/")
    live = f"/{namespace}/" if namespace else "/"
    player = ExecuteProcess(
        cmd=play_command(run.bag.path, run.bag.prefix, live, stage, float(given["rate"])), output="screen"
    )
    begin = RegisterEventHandler(OnProcessExit(target_action=ready, on_exit=[player]))
    return [begin, GroupAction([PushRosNamespace(namespace), *nodes, ready])]


def _typed(values: dict[str, Any]) -> dict[str, ParameterValue]:
    """Values that keep their type: launch reads plain strings as YAML, so that 0.5 would become a number."""
    return {name: ParameterValue(value, value_type=type(value)) for name, value in values.items()}


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what they start."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    # Topics carry a child's words: they stay on this machine unless someone opens them on purpose.
    localhost = SetEnvironmentVariable("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return LaunchDescription([*arguments, localhost, OpaqueFunction(function=_nodes)])
