"""Whether nodes are well and reach all who read what they say: what is said before that is lost."""

from collections.abc import Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray

from phied_robot import topics
from phied_robot.nodes.conversions import LEVELS
from phied_robot.nodes.heartbeats import NO_SIGN
from phied_robot.nodes.parameters import AnySettings
from phied_robot.nodes.tutor_node import READERS, TutorNode

READ_BY: Mapping[topics.Topic, Sequence[str]] = {
    topics.TRANSCRIPT: ("session",),
    topics.STRATEGY: ("session", "response_generation", "robot_expression"),
    topics.REPLY: ("session", "robot_expression"),
    topics.EXPRESSION: ("session",),
    topics.TURN: ("pedagogical_strategy", "response_generation", "robot_expression", "speech_input"),
    topics.SESSION_SET: ("session",),
    topics.LLM_REQUEST: ("language_model",),
    topics.LLM_CHUNK: ("response_generation",),
    topics.LLM_RESULT: ("pedagogical_strategy", "response_generation"),
}
"""Without these readers a turn goes nowhere."""


class Readiness:
    """Listens to the diagnostics, in which every node tells how it is and how many readers it reaches."""

    def __init__(self, node: TutorNode[AnySettings], nodes: Sequence[str]) -> None:
        """Wait for `nodes`."""
        self._node, self._nodes = node, nodes
        self._reached: dict[str, dict[str, int]] = {}
        node.receive(topics.DIAGNOSTICS, self._diagnosed)

    def missing(self) -> str:
        """What is still to come; empty when all are there."""
        if absent := next((node for node in self._nodes if node not in self._reached), ""):
            return absent
        for topic, names in READ_BY.items():
            listeners = self._node.listeners(topic)
            if absent := next((name for name in names if name in self._nodes and name not in listeners), ""):
                return absent
            for node in self._nodes:
                if self._reached[node].get(topic.name, len(listeners)) < len(listeners):
                    return f"a reader of {topic.name} for {node}"
        return ""

    def _misses_only_others(self, says: str) -> bool:
        """Whether a node lacks nothing but one that is not to come."""
        return says.startswith(NO_SIGN) and not says.removeprefix(f"{NO_SIGN} ").startswith(tuple(self._nodes))

    def _diagnosed(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.level == LEVELS["ok"] or self._misses_only_others(status.message):
                figures = {value.key.removeprefix(f"{READERS} "): value.value for value in status.values}
                reached = {name: int(number) for name, number in figures.items() if name in topics.TOPICS}
                self._reached[status.name.rpartition("/")[2]] = reached
