"""Small bags for tests: payloads into a bag as the recorder writes it, and sample bags with something changed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from phied_robot import topics
from phied_robot.messages import Payload
from phied_robot.payloads import PAYLOADS
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import READ, Run
from phied_robot.replay.types import typestore
from phied_robot.replay.writing import BagWriter

SAMPLES = Path(__file__).parents[1] / "bags"
TYPES = typestore()
TEXT = "std_msgs/msg/String"
SECOND = 1_000_000_000
Change = Callable[[topics.Topic, Any], Payload | None]


def cdr(text: str) -> bytes:
    """A std_msgs/String as the middleware hands it over."""
    return bytes(TYPES.serialize_cdr(TYPES.types[TEXT](data=text), TEXT))


def text(data: bytes) -> str:
    """What a std_msgs/String says."""
    message: Any = TYPES.deserialize_cdr(data, TEXT)
    return str(message.data)


def write(folder: Path, said: Iterable[tuple[topics.Topic, Payload | str]], prefix: str = "/") -> BagWriter:
    """A bag that is not yet ended, with one message a second."""
    writer = BagWriter(folder, list(topics.TOPICS.values()), prefix)
    for number, (topic, payload) in enumerate(said, start=1):
        stamped = payload if isinstance(payload, str) else payload.model_copy(update={"stamp": float(number)}).to_json()
        writer.write(topic.name, number * SECOND, cdr(stamped))
    return writer


def run_of(folder: Path, *said: tuple[topics.Topic, Payload | str]) -> Run:
    """A run in which this was said."""
    write(folder, said).close()
    return Run(Bag(folder))


def changed(sample: str, folder: Path, change: Change) -> Run:
    """A sample's run, each payload of it as `change` makes it, or without those that it makes None."""
    bag = Bag(SAMPLES / sample)
    writer = BagWriter(folder, list(READ), "/")
    for message in bag.messages(*READ):
        topic = topics.TOPICS[message.topic]
        payload = change(topic, PAYLOADS[topic].from_json(text(message.data)))
        if payload is not None:
            writer.write(topic.name, message.stamp, cdr(payload.to_json()))
    writer.close()
    return Run(Bag(folder))
