"""Messages of the topics, as they come, into a bag."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rclpy.node import Node
from rclpy.subscription import Subscription

from phied_robot import topics
from phied_robot.nodes.conversions import MESSAGE_TYPES, quality_profile
from phied_robot.replay.errors import BagError
from phied_robot.replay.writing import BagWriter

DEPTH = 200
"""Messages that may wait for the recorder: four seconds of the fastest topic."""
EXPECTED = (topics.SESSION, topics.TURN, topics.STRATEGY, topics.REPLY, topics.EXPRESSION, topics.LLM_RESULT)
"""What comes from before the first question on; until their publishers are matched a message could be missed."""


class Recording:
    """Subscribes a node to every topic and writes what comes, undecoded."""

    def __init__(
        self, node: Node, folder: Path, *, audio: bool, also: Callable[[str, bytes], None] = lambda _topic, _data: None
    ) -> None:
        """Record into `folder`; `also` gets each message, as CDR, once it is written.

        Raises:
            BagError: the folder cannot be made.
        """
        recorded = [topic for topic in topics.TOPICS.values() if audio or topic is not topics.AUDIO]
        self._node, self._also = node, also
        self.fault = ""
        """Why nothing is written any more, in one sentence."""
        self._bag = BagWriter(folder, recorded, f"{node.get_namespace().rstrip('/')}/")
        self._subscriptions = {topic.name: self._subscribe(topic) for topic in recorded}

    @property
    def messages(self) -> int:
        """How many were written."""
        return self._bag.messages

    def unmatched(self, expected: Sequence[topics.Topic] = EXPECTED) -> list[str]:
        """The topics of `expected` that nobody publishes yet."""
        return [topic.name for topic in expected if not self._subscriptions[topic.name].get_publisher_count()]

    def close(self) -> None:
        """Write the bag's index, unless the disk has refused before."""
        if not self.fault:
            self._try(self._bag.close)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except BagError as error:
            self.fault = str(error)
            self._node.get_logger().error(self.fault)

    def _subscribe(self, topic: topics.Topic) -> Subscription:
        quality = quality_profile(topic.quality)
        quality.depth = DEPTH

        def keep(data: bytes) -> None:
            if not self.fault:
                self._try(lambda: self._bag.write(topic.name, self._node.get_clock().now().nanoseconds, data))
            self._also(topic.name, data)

        return self._node.create_subscription(MESSAGE_TYPES[topic.type_name], topic.name, keep, quality, raw=True)
