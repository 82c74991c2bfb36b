"""What every node of the tutor shares: parameters, payload topics, health at 1 Hz, a clean start and end."""

import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy._rclpy_pybind11 import InvalidHandle, RCLError
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Bool, String

from phied_robot import __version__, topics
from phied_robot.configuration import ConfigurationError
from phied_robot.messages import Configuration, MalformedPayloadError, Payload
from phied_robot.nodes.conversions import MESSAGE_TYPES, diagnostic_message, quality_profile
from phied_robot.nodes.heartbeats import Heartbeats
from phied_robot.nodes.parameters import AnySettings, ParameterError, declare
from phied_robot.pedagogy.lessons import LessonError

READERS = "readers"
"""Before a topic's name, in the diagnostics: how many readers the node reaches there."""
RECORDERS = ("recorder", "rosbag2_recorder")

AnyPayload = TypeVar("AnyPayload", bound=Payload)


class StartError(RuntimeError):
    """The node cannot start; the text says in one sentence why and what to do."""


class Health(NamedTuple):
    """A node's state of health: "ok", "warning" or "error", a sentence, and figures."""

    level: str
    says: str
    values: dict[str, object]


class TutorNode(Node, Generic[AnySettings]):  # type: ignore[misc]  # rclpy ships no types
    """A node of the tutor. Callbacks run on one thread and only enqueue; `close` ends what the node started."""

    def __init__(self, name: str, settings: type[AnySettings]) -> None:
        """Declare the parameters of `settings` and begin to publish health."""
        super().__init__(name)
        self.settings: AnySettings = declare(self, settings)
        self.session_id = ""
        self.refused: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._heartbeats = Heartbeats((), time.monotonic())
        self._sequence = count()
        self._topic_publishers: dict[str, Publisher] = {}
        # Watchdogs and health keep a steady clock: under use_sim_time without /clock a ROS timer never fires.
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.every(1.0, self._publish_health)
        self.describe()

    def now(self) -> float:
        """ROS time in seconds."""
        return float(self.get_clock().now().nanoseconds) / 1e9

    def every(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back on the executor's thread, by the steady clock."""
        self.create_timer(seconds, callback, clock=self._steady_clock)

    def publish(self, topic: topics.Topic, message: Any) -> None:
        """Publish a ROS message; after shutdown it is dropped."""
        if topic.name not in self._topic_publishers:
            self.advertise(topic)
        try:
            self._topic_publishers[topic.name].publish(message)
        except (RCLError, InvalidHandle):
            if self.context.ok():
                raise

    def advertise(self, *advertised: topics.Topic) -> None:
        """Create publishers before the first message, so that readers are matched by then."""
        for topic in advertised:
            self._topic_publishers[topic.name] = self.create_publisher(
                MESSAGE_TYPES[topic.type_name], topic.name, quality_profile(topic.quality)
            )

    def readers(self, topic: topics.Topic) -> int:
        """How many readers an advertised topic reaches now; what is published before they are matched is lost.

        A recorder does not count: nothing is answered by it.
        """
        return self.matched(topic) - sum(name in RECORDERS for name in self._subscribers(topic))

    def matched(self, topic: topics.Topic) -> int:
        """How many subscriptions an advertised topic reaches now, a recorder's too."""
        return int(self._topic_publishers[topic.name].get_subscription_count())

    def listeners(self, topic: topics.Topic) -> list[str]:
        """The names of the nodes that listen to a topic, without recorders."""
        return [name for name in self._subscribers(topic) if name not in RECORDERS]

    def _subscribers(self, topic: topics.Topic) -> list[str]:
        return [info.node_name for info in self.get_subscriptions_info_by_topic(topic.name)]

    def send(self, topic: topics.Topic, payload: Payload) -> None:
        """Publish a payload; its envelope is filled in."""
        envelope = {
            "stamp": payload.stamp or self.now(),
            "session_id": payload.session_id or self.session_id,
            "seq": next(self._sequence),
        }
        self.publish(topic, String(data=payload.model_copy(update=envelope).to_json()))

    def describe(self, **more: Any) -> None:
        """Tell what the node is, by fields of Configuration; a later word goes before an earlier one."""
        configuration = {"node": self.get_name(), "package_version": __version__, **more}
        parameters = self.settings.model_dump()
        self.send(topics.CONFIGURATION, Configuration.model_validate({**configuration, "parameters": parameters}))

    def send_flag(self, topic: topics.Topic, value: bool) -> None:
        """Publish a Bool."""
        self.publish(topic, Bool(data=value))

    def listen(self, topic: topics.Topic, payload: type[AnyPayload], callback: Callable[[AnyPayload], None]) -> None:
        """Subscribe to payloads; what is malformed, also in the eyes of `callback`, is refused, counted and logged."""

        def receive(message: String) -> None:
            try:
                callback(payload.from_json(message.data))
            except (MalformedPayloadError, LessonError) as error:
                self.refuse(topic.name, error)
            except Exception:  # No message may end a lesson; the log has what there is to mend.
                self.failed[topic.name] += 1
                self.get_logger().error(f"failed on a payload of {topic.name}:\n{traceback.format_exc()}")

        self.receive(topic, receive)

    def receive(self, topic: topics.Topic, callback: Callable[[Any], None]) -> None:
        """Subscribe to ROS messages as they are."""
        self.create_subscription(MESSAGE_TYPES[topic.type_name], topic.name, callback, quality_profile(topic.quality))

    def refuse(self, topic: str, error: Exception) -> None:
        """Count and log a message that cannot be used; the name of its topic may be Gazebo's."""
        self.refused[topic] += 1
        self.get_logger().warning(f"refused {topic}: {error}", throttle_duration_sec=1.0)

    def rely_on(self, *nodes: str) -> None:
        """Miss these nodes, in the diagnostics, when they are not there."""
        self._heartbeats = Heartbeats(nodes, time.monotonic())
        self.receive(topics.DIAGNOSTICS, self._heard_of)

    def gone(self, node: str) -> bool:
        """Whether a node that this one relies on was there and has fallen silent."""
        return self._heartbeats.gone(node, time.monotonic())

    def _heard_of(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self._heartbeats.heard(status.name.rpartition("/")[2], time.monotonic())

    def health(self) -> Health:
        """The node's own state of health."""
        return Health("ok", "running", {})

    def close(self) -> None:
        """End what the node started; called before the node is destroyed."""

    def _publish_health(self) -> None:
        level, says, values = self.health()
        if level == "ok" and (missing := self._heartbeats.missing(time.monotonic())):
            level, says = "warning", missing
        readers = {f"{READERS} {name}": self.readers(topics.TOPICS[name]) for name in list(self._topic_publishers)}
        refused = {f"refused {name}": number for name, number in self.refused.items()}
        failed = {f"failed {name}": number for name, number in self.failed.items()}
        message = diagnostic_message(
            self.get_fully_qualified_name(),
            level,
            says,
            [*values.items(), *readers.items(), *refused.items(), *failed.items()],
            self.get_clock().now().to_msg(),
        )
        self.publish(topics.DIAGNOSTICS, message)


def run(make_node: Callable[[], TutorNode[Any]]) -> None:
    """Run a node until Ctrl-C or a signal. Exit code 2: it could not start, and one sentence says why."""
    try:
        with rclpy.init():
            node = make_node()
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            try:
                executor.spin()
            except RCLError:
                # The signal's handler may shut ROS down under the executor's hands.
                if rclpy.ok():
                    raise
            finally:
                # ros2 launch passes on the Ctrl-C that the terminal has sent already.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                node.close()
                executor.shutdown()
                node.destroy_node()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (ParameterError, StartError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    # Not by the interpreter's own end: it walks all of torch, for 2 s, and trips over a thread that loads a model.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
