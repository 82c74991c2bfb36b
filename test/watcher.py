"""A watcher on the real middleware: it starts nodes, speaks and listens beside them, and waits for what must come."""

import contextlib
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from phied_robot import processes, topics
from phied_robot.messages import Payload
from phied_robot.nodes.conversions import MESSAGE_TYPES, quality_profile

PATIENCE = 60.0
"""Seconds that a test waits for an event that must come; a busy machine may need them."""

AnyPayload = TypeVar("AnyPayload", bound=Payload)


class Watcher:
    """Starts nodes, keeps what they publish, sends what they should hear, and waits for what must come."""

    def __init__(self, logs: Path, namespace: str = "/") -> None:
        """Listen to every topic of a namespace; node logs go to `logs`."""
        self._logs = logs
        self._namespace = namespace
        self._node = Node("watcher", namespace=namespace)
        self._received: dict[str, list[Any]] = defaultdict(list)
        self._news = threading.Condition()
        self._publishers: dict[str, Any] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._named: dict[str, subprocess.Popen[bytes]] = {}
        for topic in topics.TOPICS.values():
            self._node.create_subscription(
                MESSAGE_TYPES[topic.type_name], topic.name, self._keeper(topic.name), quality_profile(topic.quality)
            )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def start(self, node: str, **parameters: object) -> subprocess.Popen[bytes]:
        """Start a node of the package as its users do."""
        command = [sys.executable, "-m", f"phied_robot.nodes.{node}", "--ros-args", "-r", f"__ns:={self._namespace}"]
        for name, value in parameters.items():
            command += ["-p", f"{name}:={value}"]
        child = processes.start(command, self.log(node))
        self._children.append(child)
        self._named[node] = child
        return child

    def kill(self, node: str) -> None:
        """End a node as a crash does (SIGKILL), and wait for its end."""
        self._named[node].kill()
        self._named[node].wait()

    def log(self, node: str) -> Path:
        """The file that a node's output goes to."""
        return self._logs / f"{node}.log"

    def send(self, topic: topics.Topic, payload: Payload | str, readers: int = 1) -> None:
        """Publish a payload, or raw text, once `readers` nodes (beside this one) listen to the topic."""
        self.publish(topic, String(data=payload if isinstance(payload, str) else payload.to_json()), readers)

    def publish(self, topic: topics.Topic, message: Any, readers: int = 1) -> None:
        """Publish a ROS message once `readers` nodes (beside this one) listen to the topic."""
        if topic.name not in self._publishers:
            self._publishers[topic.name] = self._node.create_publisher(
                MESSAGE_TYPES[topic.type_name], topic.name, quality_profile(topic.quality)
            )
        publisher = self._publishers[topic.name]
        self._wait(lambda: publisher.get_subscription_count() > readers, f"{readers} readers of {topic.name}")
        publisher.publish(message)

    def wait_for(
        self, topic: topics.Topic, payload: type[AnyPayload], matching: Callable[[AnyPayload], bool] = lambda _: True
    ) -> AnyPayload:
        """The first payload on a topic that matches, past or future."""
        return self.wait_for_message(
            topic,
            lambda message: matching(payload.from_json(message.data)),
            lambda message: payload.from_json(message.data),
        )

    def wait_for_message(
        self,
        topic: topics.Topic,
        matching: Callable[[Any], bool] = lambda _: True,
        convert: Callable[[Any], Any] = lambda message: message,
    ) -> Any:
        """The first ROS message on a topic that matches, past or future."""

        def found() -> list[Any]:
            return [message for message in self._received[topic.name] if matching(message)]

        self._wait(lambda: bool(found()), f"a message on {topic.name}", topic)
        return convert(found()[0])

    def forget(self, *forgotten: topics.Topic) -> None:
        """Forget what came so far on these topics."""
        with self._news:
            for topic in forgotten:
                self._received[topic.name].clear()

    def topic_names(self) -> set[str]:
        """The full names of all topics that anyone on this machine has."""
        return {name for name, _ in self._node.get_topic_names_and_types()}

    def messages(self, topic: topics.Topic) -> list[Any]:
        """All ROS messages so far on a topic."""
        return list(self._received[topic.name])

    def payloads(self, topic: topics.Topic, payload: type[AnyPayload]) -> list[AnyPayload]:
        """All payloads so far on a topic."""
        return [payload.from_json(message.data) for message in self.messages(topic)]

    def diagnostics(self, node: str, matching: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """The figures of a node's health, once they match."""

        def figures(message: Any) -> dict[str, str]:
            status = message.status[0]
            own = {value.key: value.value for value in status.values}
            return {**own, "message": status.message, "level": status.level.hex()}

        def matches(message: Any) -> bool:
            return message.status[0].name.endswith(node) and matching(figures(message))

        return figures(self.wait_for_message(topics.DIAGNOSTICS, matches))

    def call(self, service_type: Any, name: str, request: Any) -> Any:
        """Call a service and wait for its answer."""
        client = self._node.create_client(service_type, name)
        assert client.wait_for_service(timeout_sec=PATIENCE), f"no service {name}"
        future = client.call_async(request)
        self._wait(future.done, f"an answer from {name}")
        return future.result()

    def close(self) -> None:
        """End the nodes, and see that each ends by itself."""
        for child in self._children:
            child.send_signal(2)
        codes = [child.wait(timeout=PATIENCE) for child in self._children]
        self._executor.shutdown()
        self._thread.join(timeout=PATIENCE)
        self._node.destroy_node()
        assert all(code in (0, 2, -9) for code in codes), f"exit codes {codes}; logs in {self._logs}"

    def _keeper(self, name: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            with self._news:
                self._received[name].append(message)
                self._news.notify_all()

        return keep

    def _wait(self, done: Callable[[], bool], what: str, topic: topics.Topic | None = None) -> None:
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while not done():
                if time.monotonic() > deadline:
                    logs = {path.name: processes.last_lines(path, 8) for path in self._logs.glob("*.log")}
                    latest = self._received[topic.name][-3:] if topic else ""
                    raise AssertionError(f"no {what}; the latest: {latest}\nlogs: {logs}")
                # Readers come and go without a message, so look again now and then.
                self._news.wait(0.05)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()
