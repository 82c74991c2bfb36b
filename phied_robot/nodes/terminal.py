"""The terminal's node: what the tutor says on its topics becomes events in a queue, and wishes become messages."""

import contextlib
import queue
from typing import Any, NamedTuple
from uuid import uuid4

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger

from phied_robot import topics
from phied_robot.messages import (
    Payload,
    SessionSet,
    Transcript,
)
from phied_robot.nodes.asking import Asking
from phied_robot.nodes.conversions import LEVELS
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import TutorNode
from phied_robot.payloads import PAYLOADS

WATCHED = (
    topics.SESSION,
    topics.LLM_STATE,
    topics.LLM_CHUNK,
    topics.LLM_RESULT,
    topics.SPEECH_STATE,
    topics.ROBOT_STATE,
    topics.STRATEGY,
    topics.REPLY,
    topics.EXPRESSION,
    topics.TURN,
    topics.PROGRESS,
)


class Diagnosis(NamedTuple):
    """A node's health: "ok", "warning" or "error", a sentence, and where its sound goes if it has any."""

    node: str
    level: str
    says: str
    audio: str


class TerminalNode(TutorNode[Settings]):
    """Puts everything that a person may want to see into `events`; a bool stands for speech/speaking."""

    def __init__(self, namespace: str) -> None:
        """Watch the tutor in `namespace`."""
        rclpy.init(args=["--ros-args", "-r", f"__ns:={namespace}"], signal_handler_options=SignalHandlerOptions.NO)
        super().__init__("terminal", Settings)
        self.events: queue.Queue[Payload | Diagnosis | bool] = queue.Queue()
        for topic in WATCHED:
            self.listen(topic, PAYLOADS[topic], self.events.put)
        self.receive(topics.SPEAKING, self._speaking)
        self.receive(topics.DIAGNOSTICS, self._diagnosed)
        self.advertise(topics.SESSION_SET)
        self._asking = Asking(self)
        self._stop_client = self.create_client(Trigger, "tutor/stop")
        self._pause_client = self.create_client(SetBool, "tutor/pause")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)

    def spin(self) -> None:
        """Serve callbacks until `close`; runs on a thread of its own."""
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def another_tutor(self) -> bool:
        """Whether a session node is already there under the same namespace."""
        return int(self.count_publishers(topics.SESSION.name)) > 0

    def ask(self, text: str) -> str:
        """Send a typed question; its turn id comes back.

        Raises:
            ValidationError: it is too long for a payload, or holds what is no text.
        """
        turn_id = uuid4().hex[:12]
        now = self.now()
        transcript = Transcript(turn_id=turn_id, final=text, source="typed", speech_ended=now, stamp=now)
        self._asking.ask(transcript)
        return turn_id

    def wish(self, **changes: Any) -> None:
        """Ask the session node for a change."""
        self.send(topics.SESSION_SET, SessionSet.model_validate(changes))

    def stop_robot(self) -> None:
        """Silence and stillness at once."""
        self._stop_client.call_async(Trigger.Request())

    def pause(self, paused: bool) -> None:
        """Take no questions for a while, or again."""
        self._pause_client.call_async(SetBool.Request(data=paused))

    def close(self) -> None:
        """End spinning and leave ROS."""
        self._executor.shutdown()
        self.destroy_node()
        rclpy.shutdown()

    def _diagnosed(self, message: DiagnosticArray) -> None:
        for status in message.status:
            level = next((name for name, value in LEVELS.items() if value == status.level), "error")
            audio = next((value.value for value in status.values if value.key == "audio"), "")
            self.events.put(Diagnosis(status.name.rpartition("/")[2], level, status.message, audio))

    def _speaking(self, message: Bool) -> None:
        self.events.put(bool(message.data))
