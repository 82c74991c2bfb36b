"""Whatever comes in on a topic, no node dies, and what is refused is counted.

HOSTILE_PAYLOADS=100000 python -m pytest test/nodes/test_hostile_payloads.py -k no_payload --timeout 3600
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
import rclpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from phied_robot import topics
from phied_robot.messages import (
    MalformedPayloadError,
)
from phied_robot.nodes import (
    language_model,
    pedagogical_strategy,
    reachy_mini,
    response_generation,
    robot_expression,
    session,
    speech_input,
)
from phied_robot.nodes.tutor_node import TutorNode
from phied_robot.payloads import PAYLOADS

NUMBER = int(os.environ.get("HOSTILE_PAYLOADS", "2000"))
SEQUENCE = 20
MODELS = {topic.name: payload for topic, payload in PAYLOADS.items() if topic is not topics.CONFIGURATION}
NODES = (
    session.SessionNode,
    pedagogical_strategy.PedagogicalStrategyNode,
    response_generation.ResponseGenerationNode,
    robot_expression.RobotExpressionNode,
    speech_input.SpeechInputNode,
    language_model.LanguageModelNode,
)
ROUND = 16
"""Payloads on one topic at once: fewer than its readers queue."""


def is_refused(topic: str, text: str) -> bool:
    try:
        MODELS[topic].from_json(text)
    except MalformedPayloadError:
        return True
    return False


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[TutorNode[Any]]]:
    """Real nodes in this process, whose callbacks are called as the executor would."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with rclpy.init():
        nodes = [make() for make in NODES]
        yield nodes
        for node in nodes:
            node.close()
            node.destroy_node()


def test_no_payload_ends_a_node_and_all_refused_ones_are_counted(made: list[TutorNode[Any]]) -> None:
    readers: dict[str, list[tuple[TutorNode[Any], Any]]] = {}
    for node in made:
        for subscription in node.subscriptions:
            readers.setdefault(subscription.topic_name.lstrip("/"), []).append((node, subscription.callback))
    heard = sorted(set(readers) & set(MODELS))
    assert set(MODELS) - set(heard) == {topics.ROBOT_STATE.name}

    draws = st.tuples(st.sampled_from(heard), st.sampled_from(hostile.KINDS), st.integers(0, 2**32 - 1))
    again = st.integers(0, SEQUENCE - 1)

    @settings(max_examples=NUMBER // SEQUENCE, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.one_of(draws, draws, draws, again), min_size=SEQUENCE, max_size=SEQUENCE))
    def feed(sequence: list[Any]) -> None:
        sent: list[tuple[str, str]] = []
        for draw in sequence:
            if isinstance(draw, int):
                # Again, and out of its order.
                if not sent:
                    continue
                topic, text = sent[draw % len(sent)]
            else:
                topic, kind, seed = draw
                text = hostile.payload(MODELS[topic], kind, seed)
            sent.append((topic, text))
            refused = is_refused(topic, text)
            for node, callback in readers[topic]:
                before = node.refused[topic]
                callback(String(data=text))
                assert not node.failed, f"{node.get_name()} failed on {topic}: {text[:500]}"
                if refused:
                    assert node.refused[topic] == before + 1
        for node in made:
            for timer in node.timers:
                timer.callback()

    feed()
    assert sum(sum(node.refused.values()) for node in made) > NUMBER // 2
    assert len(made[0]._record.ended) < NUMBER


@pytest.fixture
def robot() -> Iterator[reachy_mini.ReachyMiniNode]:
    with rclpy.init(args=["--ros-args", "-p", "address:=127.0.0.1:9"]):
        node = reachy_mini.ReachyMiniNode()
        yield node
        node.close()
        node.destroy_node()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    names=st.lists(st.sampled_from([*topics.JOINTS, "tail", ""]), max_size=12),
    positions=st.lists(st.floats() | st.just(math.nan), max_size=12),
)
def test_whatever_joints_are_commanded_the_robot_node_goes_on(
    robot: reachy_mini.ReachyMiniNode, names: list[str], positions: list[float]
) -> None:
    before = robot.refused[topics.JOINT_COMMANDS.name]
    robot._command(JointState(name=names, position=positions))
    whole = dict(zip(names, positions, strict=False))
    good = set(topics.JOINTS) <= set(whole) and all(math.isfinite(whole[joint]) for joint in topics.JOINTS)
    assert robot.refused[topics.JOINT_COMMANDS.name] == before + (not good)


def test_over_the_real_middleware_too_nodes_refuse_count_and_go_on(watcher: Any) -> None:
    readers = {
        topics.TRANSCRIPT: ("session",),
        topics.TURN: ("pedagogical_strategy", "response_generation", "robot_expression"),
        topics.STRATEGY: ("session", "response_generation", "robot_expression"),
        topics.REPLY: ("session", "robot_expression"),
        topics.LLM_RESULT: ("pedagogical_strategy", "response_generation"),
    }
    started = {node: watcher.start(node) for node in sorted({node for nodes in readers.values() for node in nodes})}
    for count in range(1, 4):
        for topic, nodes in readers.items():
            for text in refused_payloads(topic.name, seed=count):
                watcher.send(topic, text, readers=len(nodes))
        for topic, nodes in readers.items():
            for node in nodes:
                watcher.diagnostics(
                    node,
                    lambda figures, name=topic.name, number=count * ROUND: (
                        figures.get(f"refused {name}") == str(number)
                    ),
                )
    assert [process.poll() for process in started.values()] == [None] * len(started)


def refused_payloads(topic: str, seed: int) -> list[str]:
    """A round of payloads that a reader must refuse, of every kind."""
    texts = [
        hostile.payload(MODELS[topic], kind, 1_000 * seed + number) for number in range(3) for kind in hostile.KINDS
    ]
    # A message ends at the first zero byte, and holds no lone surrogate.
    sent = [text for text in texts if "\x00" not in text and is_refused(topic, text)]
    return sent[:: len(sent) // ROUND][:ROUND]
