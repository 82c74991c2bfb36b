"""The tutor with a robot in Gazebo, in a classroom, and what the joints say in RViz.

ros2 launch phied_robot sim.launch.py lesson:=plants personality:=extravert
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition
from launch.launch_context import LaunchContext
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

ARGUMENTS = {
    "gui": ("true", "false shows no window of Gazebo"),
    "rviz": ("true", "false starts no RViz"),
    "tutor": ("true", "false starts the simulation alone; true takes every argument of tutor.launch.py too"),
}


def _simulation(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    share = Path(get_package_share_directory("phied_robot"))
    gazebo = share / "config" / "gazebo"
    window = "" if given["gui"] == "true" else "-s "
    server = IncludeLaunchDescription(
        _launch_file(Path(get_package_share_directory("ros_gz_sim")) / "launch" / "gz_sim.launch.py"),
        launch_arguments={"gz_args": f"-r {window}{gazebo / 'classroom.sdf'}", "on_exit_shutdown": "true"}.items(),
    )
    nodes = [
        Node(
            package="ros_gz_bridge",
            executable="parameter_bridge",
            parameters=[{"config_file": str(gazebo / "bridge.yaml")}],
            output="screen",
        ),
        Node(package="phied_robot", executable="gazebo", name="gazebo", respawn=True, output="screen"),
        # It makes tf of joint_states, for RViz and whoever wants to know where the head is.
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            parameters=[{"robot_description": (gazebo / "reachy_mini.urdf").read_text(encoding="utf-8")}],
        ),
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", str(gazebo / "phied.rviz")],
            output={"both": "log"},
            condition=IfCondition(given["rviz"]),
        ),
    ]
    tutor = IncludeLaunchDescription(
        _launch_file(share / "launch" / "tutor.launch.py"), condition=IfCondition(given["tutor"])
    )
    models = AppendEnvironmentVariable("GZ_SIM_RESOURCE_PATH", str(gazebo))
    return [tutor, models, server, *nodes]


def _launch_file(path: Path) -> PythonLaunchDescriptionSource:
    return PythonLaunchDescriptionSource(str(path))


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what they start."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    # Everything stays on this machine unless someone opens it on purpose; Gazebo has its own way of saying so.
    localhost = [
        SetEnvironmentVariable("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"),
        SetEnvironmentVariable("GZ_IP", "127.0.0.1"),
    ]
    return LaunchDescription([*arguments, *localhost, OpaqueFunction(function=_simulation)])
