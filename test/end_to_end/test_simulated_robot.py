"""The motion engine, the client and the maker's daemon with its physics, without ROS."""

import math
import os
import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from pathlib import Path

import psutil
import pytest

from phied_robot.expression.motion import MotionEngine
from phied_robot.expression.motion_loop import TICK_SECONDS, MotionLoop
from phied_robot.expression.personalities import scale
from phied_robot.personality import BANDS
from phied_robot.robots.pose import NEUTRAL, Joints
from phied_robot.robots.reachy_mini import ReachyMiniClient, RobotConnection
from phied_robot.robots.simulator import Simulator, SimulatorError, daemon_environment, free_port
from phied_robot.speech.playback import loudness_envelope
from phied_robot.speech.synthesis import voice_opener

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(180)]
SECONDS = 60.0


class Observer:
    """What a client reports, to be waited for."""

    def __init__(self) -> None:
        self.path: list[Joints] = []
        self.connections: list[RobotConnection] = []
        self._changed = threading.Condition()

    def joints_came(self, joints: Joints) -> None:
        with self._changed:
            self.path.append(joints)
            self._changed.notify_all()

    def connection_changed(self, connection: RobotConnection) -> None:
        with self._changed:
            self.connections.append(connection)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, SECONDS), (self.connections, self.path[-1:])

    def wait_for_state(self, state: str) -> RobotConnection:
        self.wait_for(lambda: bool(self.connections) and self.connections[-1].state == state)
        return self.connections[-1]

    def wait_for_pose(self, near: Joints, tolerance: float = 0.05) -> None:
        self.wait_for(lambda: bool(self.path) and self.path[-1] == pytest.approx(near, abs=tolerance))


@pytest.fixture(params=["mujoco"])
def simulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Simulator]:
    made = Simulator(request.param, free_port(), tmp_path / "simulator.log")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def client(simulator: Simulator, observer: Observer) -> Iterator[ReachyMiniClient]:
    made = ReachyMiniClient(simulator.address, on_state=observer.joints_came, on_connection=observer.connection_changed)
    made.start()
    yield made
    made.close()


def daemon_pid(simulator: Simulator) -> int:
    port = int(simulator.address.rpartition(":")[2])
    return next(c.pid for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port)


def steps(path: list[Joints]) -> list[float]:
    """The largest turn of the head (degrees) from each report to the next."""
    return [max(abs(math.degrees(b - a)) for a, b in zip(p[3:6], q[3:6], strict=True)) for p, q in pairwise(path)]


def talk(seconds: float, extraversion: float) -> tuple[Callable[[], float], threading.Event]:
    """The loudness of the real voice, a tick at a time; the event says that the time is over."""
    sentences = "Plants use sunlight to make their own food. The leaves catch the light, and turn it into sugar."
    envelope = loudness_envelope(voice_opener()("en").speak(sentences, scale().at(extraversion).voice).audio)
    ended, ticks = threading.Event(), iter(envelope[: round(seconds / TICK_SECONDS)])

    def loudness() -> float:
        value = next(ticks, None)
        if value is None:
            ended.set()
        return float(value or 0.0)

    return loudness, ended


def test_a_talking_robot_moves_and_an_extravert_moves_more(simulator, observer, client):
    assert observer.wait_for_state("connected").version
    sizes = {}
    for preset, extraversion in BANDS.items():
        engine = MotionEngine(scale().at(extraversion).motion)
        loudness, ended = talk(4.0, extraversion)
        engine.set_mode("speaking")
        engine.set_loudness(loudness)
        engine.play("direct_instruction")
        loop = MotionLoop(engine, client.send)
        client.send(NEUTRAL)
        observer.wait_for_pose(NEUTRAL)
        begin = len(observer.path)
        loop.start()
        assert ended.wait(SECONDS)
        loop.close()
        talked = observer.path[begin:]
        sizes[preset] = max(math.degrees(max(values) - min(values)) for values in list(zip(*talked, strict=True))[3:6])
    print("travel in degrees", sizes)
    assert min(sizes.values()) > 5
    assert sizes["extravert"] >= 1.6 * sizes["introvert"]
    assert client.clamped == 0


def test_a_killed_daemon_is_lost_and_found_again_without_a_jump(simulator, observer, client):
    observer.wait_for_state("connected")
    aside = NEUTRAL._replace(head_yaw=math.radians(40), body_yaw=math.radians(20))
    streaming = MotionLoop(MotionEngine(scale().at(0.0).motion), lambda _: client.send(aside))
    streaming.start()
    observer.wait_for_pose(aside)
    pid = daemon_pid(simulator)
    os.kill(pid, signal.SIGKILL)
    lost = observer.wait_for_state("lost")
    assert simulator.address in lost.detail
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert simulator.poll() == -signal.SIGKILL
    simulator.start()
    observer.wait_for_state("connected")
    assert [state for state, _ in groupby(observer.connections, key=lambda connection: connection.state)] == [
        "connecting",
        "connected",
        "lost",
        "connected",
    ]
    found = len(observer.path)
    observer.wait_for_pose(aside)
    streaming.close()
    # Waking up ended near the neutral pose: a jump back would be 40 degrees.
    largest = max(steps(observer.path[found - 1 :]))
    print("largest step in degrees", largest)
    assert largest < 8


def test_a_daemon_that_falls_silent_is_lost_and_found_again(simulator, observer, client):
    observer.wait_for_state("connected")
    pid = daemon_pid(simulator)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "no answer in time" in observer.wait_for_state("lost").detail
    finally:
        os.kill(pid, signal.SIGCONT)
    observer.wait_for_state("connected")


def test_a_target_outside_the_box_is_brought_inside(simulator, observer, client):
    observer.wait_for_state("connected")
    client.send(NEUTRAL._replace(head_pitch=1.5))
    observer.wait_for_pose(NEUTRAL._replace(head_pitch=math.radians(20)))
    assert client.clamped == 1
    with pytest.raises(ValueError, match="head_x is nan"):
        client.send(NEUTRAL._replace(head_x=math.nan))


def test_closing_sends_the_robot_to_sleep(simulator, observer, client):
    observer.wait_for_state("connected")
    client.close()
    other = Observer()
    second = ReachyMiniClient(simulator.address, on_state=other.joints_came, on_connection=other.connection_changed)
    second.start()
    try:
        # The second client lets the move to sleep end before it wakes the robot.
        other.wait_for(lambda: bool(other.path) and min(joints.head_z for joints in other.path) < -0.03)
        assert other.wait_for_state("connected")
        assert other.path[-1].head_z > -0.015
    finally:
        second.close()


def test_a_stopped_simulator_leaves_no_process(simulator):
    simulator.wait_until_ready(SECONDS)
    pid = daemon_pid(simulator)
    listening = [c for c in psutil.Process(pid).net_connections("tcp") if c.status == "LISTEN"]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    environment = psutil.Process(pid).environ()
    assert environment["REACHY_MINI_TELEMETRY"] == "0"
    family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    simulator.stop()
    assert not any(psutil.pid_exists(member) for member in family)
    assert simulator.poll() is None


def test_a_port_in_use_is_refused_before_the_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=f"port {port} is in use"):
            Simulator("mockup", port, tmp_path / "log").start()
        assert not (tmp_path / "log").exists()


def test_a_simulator_that_ends_early_says_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "phied_robot.robots.simulator.daemon_command", lambda kind, port: ["sh", "-c", "echo no memory; exit 7"]
    )
    made = Simulator("mockup", free_port(), tmp_path / "log")
    made.start()
    with pytest.raises(SimulatorError, match=r"exit code 7.*no memory"):
        made.wait_until_ready(SECONDS)


def test_without_a_robot_the_client_keeps_looking_and_says_so():
    told: queue.Queue[RobotConnection] = queue.Queue()
    address = f"127.0.0.1:{free_port()}"
    client = ReachyMiniClient(address, on_state=lambda joints: None, on_connection=told.put)
    client.start()
    client.send(NEUTRAL)
    assert told.get(timeout=SECONDS).state == "connecting"
    second = told.get(timeout=SECONDS)
    client.close()
    assert second.state == "connecting"
    assert "Connection refused" in second.detail
    assert "no robot answers" in second.detail and address in second.detail


def test_the_daemon_does_not_see_ros_libraries(monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/ros/lib")
    monkeypatch.setenv("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "1")
    environment = daemon_environment()
    assert "LD_LIBRARY_PATH" not in environment and "_ROS_WHEELS_BOOTSTRAP_COMPLETE" not in environment
    assert environment["DO_NOT_TRACK"] == environment["HF_HUB_OFFLINE"] == "1"
