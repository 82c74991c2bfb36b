"""Two robots on one machine, each in a namespace of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from watcher import Watcher

from phied_robot import topics
from phied_robot.messages import Payload, Session, SessionSet, Transcript, Turn

NODES = (
    "session",
    "pedagogical_strategy",
    "response_generation",
    "robot_expression",
    "reachy_mini",
    "speech_input",
)


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Watcher, Watcher]]:
    """A watcher in each of two namespaces."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with rclpy.init():
        left, right = (Watcher(tmp_path / side, f"/{side}") for side in ("left", "right"))
        yield left, right
        left.close()
        right.close()


def whose(watcher: Watcher) -> set[str]:
    """The ids of the sessions that are spoken of in any message that a watcher has heard."""
    heard: set[str] = set()
    for topic in topics.TOPICS.values():
        if topic.type_name == "std_msgs/String":
            for message in watcher.messages(topic):
                heard |= {Payload.model_validate_json(message.data).session_id}
    return heard - {""}


def test_two_robots_in_two_namespaces_do_not_hear_each_other(sides: Any) -> None:
    left, right = sides
    for node in NODES:
        left.start(node, **({"session_id": "left"} if node == "session" else {}))
    for node in ("session", "pedagogical_strategy"):
        right.start(node, **({"session_id": "right"} if node == "session" else {}))
    for side in sides:
        side.wait_for(topics.SESSION, Session)
    left.send(topics.SESSION_SET, SessionSet(lesson="fractions"))
    left.wait_for(topics.SESSION, Session, lambda session: session.lesson == "fractions")
    for side, name in ((left, "left"), (right, "right")):
        side.send(topics.TRANSCRIPT, Transcript(turn_id=name, final="What is a half?"))
        side.wait_for(topics.TURN, Turn, lambda turn: turn.phase == "answering")
    assert whose(left) == {"left"} and whose(right) == {"right"}
    assert {turn.turn_id for turn in right.payloads(topics.TURN, Turn)} == {"right"}
    assert {session.lesson for session in right.payloads(topics.SESSION, Session)} == {"plants"}
    shared = {name for name in left.topic_names() if not name.startswith(("/left/", "/right/"))}
    assert shared == {"/rosout", "/parameter_events"}
