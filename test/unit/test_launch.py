"""The launch files, where ROS 2's launch is installed (it cannot be had from PyPI)."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "launch"
ARGUMENTS = {
    "tutor.launch.py": {"model", "language", "lesson", "personality", "robot", "namespace", "record"},
    "sim.launch.py": {"gui", "rviz", "tutor"},
    "replay.launch.py": {"bag", "from", "rate", "namespace"},
}


@pytest.mark.parametrize("file", ARGUMENTS)
def test_the_launch_file_declares_its_arguments(file: str) -> None:
    # launch_ros first: our own folder launch/ can pass for a package of that name.
    pytest.importorskip("launch_ros", reason="ROS 2's launch_ros is not installed; run this on a ROS 2 machine")
    launch = pytest.importorskip("launch", reason="ROS 2's launch is not installed; run this on a ROS 2 machine")
    spec = importlib.util.spec_from_file_location("launch_file", FOLDER / file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entities = module.generate_launch_description().entities
    declared = {entity.name for entity in entities if isinstance(entity, launch.actions.DeclareLaunchArgument)}
    assert declared >= ARGUMENTS[file]
