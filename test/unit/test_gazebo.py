"""The Gazebo model and the URDF: valid, the same robot, and with the joints of the topics."""

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import yaml

from phied_robot import topics
from phied_robot.configuration import config_path

GAZEBO = config_path("gazebo")
SDF = ElementTree.parse(GAZEBO / "reachy_mini" / "model.sdf").getroot().find("model")
URDF = ElementTree.parse(GAZEBO / "reachy_mini.urdf").getroot()


def tool(name: str, package: str) -> str:
    return shutil.which(name) or pytest.skip(f"{name} is missing; install it: sudo apt install {package}")


@pytest.mark.parametrize("file", ["reachy_mini/model.sdf", "classroom.sdf"])
def test_the_sdf_is_valid(file):
    ign = tool("ign", "ignition-tools libsdformat-dev")
    environment = {**os.environ, "SDF_PATH": str(GAZEBO)}
    checked = subprocess.run(
        [ign, "sdf", "--check", str(GAZEBO / file)], capture_output=True, text=True, env=environment, timeout=60
    )
    assert "Valid." in checked.stdout and "Error" not in checked.stderr, checked.stderr[:2000]


def test_the_urdf_is_valid():
    checked = subprocess.run(
        [tool("check_urdf", "liburdfdom-tools"), str(GAZEBO / "reachy_mini.urdf")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0 and "Successfully Parsed" in checked.stdout, checked.stderr


def test_both_have_the_joints_of_the_topics_with_the_same_limits():
    in_sdf = {joint.get("name"): joint for joint in SDF.findall("joint")}
    in_urdf = {joint.get("name"): joint for joint in URDF.findall("joint") if joint.get("type") != "fixed"}
    assert set(in_sdf) == set(in_urdf) == set(topics.JOINTS)
    for name, joint in in_urdf.items():
        axis, limit = in_sdf[name].find("axis"), joint.find("limit")
        assert axis.findtext("xyz") == joint.find("axis").get("xyz")
        for bound in ("lower", "upper", "velocity"):
            assert axis.findtext(f"limit/{bound}") == limit.get(bound)


def test_both_weigh_what_the_robot_weighs():
    in_sdf = sum(float(mass.text) for mass in SDF.iter("mass"))
    in_urdf = sum(float(mass.get("value")) for mass in URDF.iter("mass"))
    assert in_sdf == pytest.approx(in_urdf) == pytest.approx(1.177, abs=0.006)


def test_the_bridge_carries_every_joint_to_its_controller():
    bridged = yaml.safe_load((GAZEBO / "bridge.yaml").read_text(encoding="utf-8"))
    targets = {line["gz_topic_name"] for line in bridged if line["direction"] == "ROS_TO_GZ"}
    assert targets == {
        plugin.findtext("topic") for plugin in SDF.findall("plugin") if plugin.find("joint_name") is not None
    }
    states = {plugin.findtext("topic") for plugin in SDF.findall("plugin")} - targets
    assert states <= {line["gz_topic_name"] for line in bridged if line["direction"] == "GZ_TO_ROS"}
