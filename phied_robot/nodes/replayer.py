"""The replayer's node: says to the tutor what was said to it in a bag, and records what comes of it."""

import contextlib
import queue
import threading
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rcl_interfaces.srv import GetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from std_msgs.msg import Int16MultiArray, String
from std_srvs.srv import SetBool, Trigger

from phied_robot import topics
from phied_robot.messages import (
    MalformedPayloadError,
    Payload,
    Transcript,
)
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.readiness import Readiness
from phied_robot.nodes.recording import Recording
from phied_robot.nodes.tutor_node import TutorNode
from phied_robot.payloads import PAYLOADS
from phied_robot.replay.inputs import Input

WATCHED = {
    topic.name: PAYLOADS[topic]
    for topic in (
        topics.SESSION,
        topics.LLM_STATE,
        topics.SPEECH_STATE,
        topics.ROBOT_STATE,
        topics.STRATEGY,
        topics.REPLY,
        topics.EXPRESSION,
        topics.TURN,
    )
}


class ReplayerNode(TutorNode[Settings]):
    """Puts what the tutor says into `events`, once it is in the bag."""

    def __init__(self, namespace: str, nodes: Sequence[str], folder: Path) -> None:
        """Speak to the `nodes` of the tutor in `namespace` and record into `folder`.

        Raises:
            BagError: the folder cannot be made.
        """
        rclpy.init(args=["--ros-args", "-r", f"__ns:={namespace}"], signal_handler_options=SignalHandlerOptions.NO)
        super().__init__("replayer", Settings)
        self.events: queue.Queue[Payload] = queue.Queue()
        self.advertise(topics.TRANSCRIPT, topics.SESSION_SET, topics.STRATEGY, topics.AUDIO)
        self.readiness = Readiness(self, nodes)
        self._stop_client = self.create_client(Trigger, "tutor/stop")
        self._pause_client = self.create_client(SetBool, "tutor/pause")
        self._barriers = [self.create_client(GetParameters, f"{node}/get_parameters") for node in nodes]
        self._recording = Recording(self, folder, audio=True, also=self._came)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin, name="ros", daemon=True)
        self._thread.start()

    def put(self, one: Input) -> Future | None:
        """Say to the tutor what was said to it then; times are moved to now. A service's answer is to come."""
        if one.service == "stop":
            return self._stop_client.call_async(Trigger.Request())
        if one.service:
            return self._pause_client.call_async(SetBool.Request(data=one.service == "pause"))
        if one.topic is topics.AUDIO:
            for number, sound in enumerate(one.sound, start=1):
                self.publish(topics.AUDIO, deserialize_message(sound, Int16MultiArray))
                if number % topics.SOUND.depth == 0:
                    self._topic_publishers[topics.AUDIO.name].wait_for_all_acked()
            self.publish(topics.AUDIO, Int16MultiArray())
        elif one.topic is not None and one.payload is None:
            self.publish(one.topic, String(data=one.text))
        elif one.topic is not None and one.payload is not None:
            self.send(one.topic, _moved(one.payload, self.now()))
        return None

    def barrier(self) -> list[Future]:
        """One future a node, done when the node has taken what had reached it: it answers services after messages."""
        return [client.call_async(GetParameters.Request()) for client in self._barriers]

    def close(self) -> None:
        """End the bag and leave ROS."""
        self._closing.set()
        self._thread.join()
        self._executor.shutdown()
        self._recording.close()
        self.destroy_node()
        rclpy.shutdown()

    def _came(self, topic: str, data: bytes) -> None:
        if topic in WATCHED:
            with contextlib.suppress(MalformedPayloadError):
                self.events.put(WATCHED[topic].from_json(deserialize_message(data, String).data))

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            while not self._closing.is_set():
                self._executor.spin_once(timeout_sec=0.1)


def _moved(payload: Payload, now: float) -> Payload:
    """A payload as if it were sent now; what was heard ended as long before as it did then."""
    ended = {}
    if isinstance(payload, Transcript) and payload.speech_ended:
        ended = {"speech_ended": now - max(0.0, payload.stamp - payload.speech_ended)}
    return payload.model_copy(update={"stamp": now, "session_id": "", **ended})
