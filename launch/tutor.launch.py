"""The tutor in a classroom: one process a node, each started again, within a bound, when it dies.

ros2 launch phied_robot tutor.launch.py lesson:=plants personality:=extravert robot:=reachy-mini.local
"""

from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import uuid4

import yaml
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    GroupAction,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_context import LaunchContext
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

from phied_robot.replay.stock import quality_overrides, record_command
from phied_robot.robots.daemon import DAEMON_PORT
from phied_robot.robots.simulator import daemon_command, daemon_environment

RESTARTS = 3
WRONG_SETTING = 2
"""Exit code of a node that will never start so; its last line says why."""

ARGUMENTS = {
    "model": ("demo", "demo, a folder, or a hub id; a full model or an adapter such as Mortadha/Phi-Ed-25072024"),
    "server": ("", "URL of an OpenAI-compatible server with the adapters as models; model answers while it cannot"),
    "strategy_adapter": ("", "folder of the adapter that chooses strategies"),
    "response_adapter": ("", "folder of the adapter that answers"),
    "language": ("en", "en, fr or de"),
    "lesson": ("plants", "name of a bundled lesson, or the path of a lesson file"),
    "age": ("8", "age of the pupil, 3 to 12"),
    "personality": ("neutral", "introvert, neutral, extravert, or a number from -1 to 1"),
    "robot": (
        "",
        "HOST or HOST:PORT of the robot; mujoco or mockup starts a simulated one; empty: voice only",
    ),
    "namespace": ("", "ROS namespace, for a second robot on one machine"),
    "record": ("false", "true records all topics with ros2 bag (mcap)"),
    "record_audio": ("false", "true records what the microphone hears too, with record:=true"),
}


def _nodes(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    parameters = str(Path(get_package_share_directory("phied_robot")) / "config" / "tutor.yaml")
    simulated = given["robot"] in ("mujoco", "mockup")
    address = f"127.0.0.1:{DAEMON_PORT}" if simulated else given["robot"]
    own = {
        "language_model": {name: given[name] for name in ("model", "server", "strategy_adapter", "response_adapter")},
        "session": {
            "language": given["language"],
            "lesson": given["lesson"],
            "age": int(given["age"]),
            "personality": given["personality"],
            # Of our making, so that a session node that is started again finds its session.
            "session_id": f"session-{uuid4().hex[:12]}",
        },
        "reachy_mini": {"address": address},
        "speech_input": {"share_audio": given["record_audio"] == "true"},
    }
    nodes = [
        Node(
            package="phied_robot",
            executable=executable,
            name=executable,
            parameters=[parameters, _typed(own.get(executable, {}))],
            respawn=True,
            respawn_delay=1.0,
            respawn_max_retries=RESTARTS,
            output="screen",
        )
        for executable in (
            "language_model",
            "reachy_mini",
            "session",
            "pedagogical_strategy",
            "response_generation",
            "robot_expression",
            "speech_input",
        )
    ]
    simulator = ExecuteProcess(
        cmd=daemon_command(given["robot"], DAEMON_PORT) if simulated else ["true"],
        env=daemon_environment(),
        output={"both": "log"},  # it writes a line for every request
        condition=IfCondition(str(simulated)),
    )
    prefix = f"/{given['namespace'].strip('/')}/" if given["namespace"].strip("/") else "/"
    # The recorder opens the file later than this function ends, so it is not deleted.
    with NamedTemporaryFile("w", prefix="phied_robot_qos_", suffix=".yaml", delete=False) as overrides:
        yaml.safe_dump(quality_overrides(prefix), overrides)
    recorder = ExecuteProcess(
        cmd=record_command(prefix, Path(overrides.name), audio=given["record_audio"] == "true"),
        condition=IfCondition(given["record"]),
    )
    return [simulator, recorder, GroupAction([PushRosNamespace(given["namespace"]), *nodes])]


def _typed(values: dict[str, str | int | bool]) -> dict[str, ParameterValue]:
    """Values that keep their type: launch reads plain strings as YAML, so that 0.5 would become a number."""
    return {name: ParameterValue(value, value_type=type(value)) for name, value in values.items()}


def _end_on_wrong_setting(event: ProcessExited, _context: LaunchContext) -> Shutdown | None:
    if event.returncode != WRONG_SETTING:
        return None
    return Shutdown(reason=f"{event.process_name} cannot start with this setting, see its line above")


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what they start."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    # Topics carry a child's words: they stay on this machine unless someone opens them on purpose.
    localhost = SetEnvironmentVariable("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    wrong_setting = RegisterEventHandler(OnProcessExit(on_exit=_end_on_wrong_setting))
    return LaunchDescription([*arguments, localhost, wrong_setting, OpaqueFunction(function=_nodes)])
