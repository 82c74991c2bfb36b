"""The Gazebo model and the URDF: valid, the same robot, and with the joints of the topics."""

import importlib.util
import math
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import yaml

from phied_robot import topics
from phied_robot.configuration import config_path
from phied_robot.robots.gazebo import STATES, TARGETS, GazeboRelay
from phied_robot.robots.pose import HEAD_FRAME, NEUTRAL
from phied_robot.robots.safe_boxes import HIGH

GAZEBO = config_path("gazebo")
SDF = ElementTree.parse(GAZEBO / "reachy_mini" / "model.sdf").getroot().find("model")
BRIDGED = yaml.safe_load((GAZEBO / "bridge.yaml").read_text(encoding="utf-8"))
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


def test_the_bridge_carries_every_joint_between_our_topics_and_its_controller():
    controllers = {
        plugin.findtext("joint_name"): plugin.findtext("topic")
        for plugin in SDF.findall("plugin")
        if plugin.find("joint_name") is not None
    }
    out = {line["ros_topic_name"]: line["gz_topic_name"] for line in BRIDGED if line["direction"] == "ROS_TO_GZ"}
    assert out == {TARGETS[joint]: controllers[joint] for joint in topics.JOINTS}
    publishers = {plugin.findtext("topic") for plugin in SDF.findall("plugin")} - set(controllers.values())
    back = {line["ros_topic_name"]: line["gz_topic_name"] for line in BRIDGED if line["direction"] == "GZ_TO_ROS"}
    assert back == {STATES: publishers.pop(), "clock": "/clock"} and not publishers


def test_rviz_shows_topics_and_frames_that_there_are():
    shown = yaml.safe_load((GAZEBO / "phied.rviz").read_text(encoding="utf-8"))["Visualization Manager"]
    by_name = {display["Name"]: display for display in shown["Displays"]}
    assert by_name["Head"]["Topic"]["Value"] == f"/{topics.HEAD_POSE.name}"
    links = {link.get("name") for link in URDF.findall("link")}
    assert {shown["Global Options"]["Fixed Frame"], HEAD_FRAME} <= links


def test_the_launch_file_starts_what_there_is():
    text = (GAZEBO.parents[1] / "launch" / "sim.launch.py").read_text(encoding="utf-8")
    files = re.findall(r"gazebo / .([\w.]+)", text)
    assert len(files) == 4 and all((GAZEBO / file).is_file() for file in files)
    assert set(re.findall(r'package="phied_robot", executable="(\w+)"', text)) == {"gazebo"}
    assert importlib.util.find_spec("phied_robot.nodes.gazebo")


def test_the_relay_clamps_and_counts_thins_and_misses_gazebo():
    relay = GazeboRelay()
    assert relay.targets(NEUTRAL) == {TARGETS[name]: value for name, value in NEUTRAL._asdict().items()}
    outside = NEUTRAL._replace(head_pitch=1.5)
    assert relay.targets(outside)[TARGETS["head_pitch"]] == HIGH.head_pitch and relay.clamped == 1
    with pytest.raises(ValueError, match="head_x is nan"):
        relay.targets(NEUTRAL._replace(head_x=math.nan))
    assert "nothing was heard" in relay.trouble(0.0)
    assert 40 < sum(relay.is_due(10 + number / 1000) for number in range(1000)) <= 50
    assert relay.trouble(11.0) == "" and "silent for 9 s" in relay.trouble(20.0)
