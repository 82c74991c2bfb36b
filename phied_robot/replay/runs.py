"""A run as its bag tells it: what the tutor was, what was said, and each turn with all that led to its answer."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from phied_robot import topics
from phied_robot.messages import (
    ChatMessage,
    Configuration,
    LlmRequest,
    MalformedPayloadError,
    Payload,
    Reply,
    Session,
    Strategy,
    Transcript,
    Turn,
)
from phied_robot.payloads import PAYLOADS
from phied_robot.replay.reading import Bag
from phied_robot.replay.types import typestore

READ = (
    topics.CONFIGURATION,
    topics.SESSION,
    topics.SESSION_SET,
    topics.TRANSCRIPT,
    topics.STRATEGY,
    topics.REPLY,
    topics.EXPRESSION,
    topics.TURN,
    topics.CONTROL,
    topics.LLM_REQUEST,
)
"""What a run is read from."""
CLOCKS_APART = 5.0
"""Seconds; a sender's stamp farther from the recorder's is not believed."""


class Event(NamedTuple):
    """What was said on a topic: when it was sent (s), its text, and what it means unless it is malformed."""

    stamp: float
    topic: topics.Topic
    text: str
    payload: Payload | None


@dataclass
class RecordedTurn:
    """A turn and what led to its answer. `end` is None where the recording was cut short before the turn's end.

    `prompts` are the chats that the model was given, by the adapter.
    """

    turn_id: str
    transcript: Transcript | None = None
    strategy: Strategy | None = None
    prompts: dict[str, list[ChatMessage]] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    end: Turn | None = None


class Run:
    """A bag, understood.

    Attributes:
        bag: where it is from.
        events: what was said, in the order of its sending.
        turns: in the order of their beginning.
        configuration: the last that each node told of itself, by the node.
        session: the first one; None in a bag without it.
        refused: malformed payloads, by topic.
    """

    def __init__(self, bag: Bag) -> None:
        """Read it.

        Raises:
            BagError: a file has gone meanwhile.
        """
        self.bag = bag
        self.refused: Counter[str] = Counter()
        self.events = sorted(self._events(), key=lambda event: event.stamp)
        payloads = [event.payload for event in self.events]
        self.configuration = {one.node: one for one in payloads if isinstance(one, Configuration)}
        self.session = next((one for one in payloads if isinstance(one, Session)), None)

    @cached_property
    def turns(self) -> list[RecordedTurn]:
        """The turns; a transcript that began none, such as one that came twice, is not among them."""
        turns: dict[str, RecordedTurn] = {}
        begun = []
        for payload in (event.payload for event in self.events if event.payload and event.payload.turn_id):
            turn = turns.setdefault(payload.turn_id, RecordedTurn(payload.turn_id))
            match payload:
                case Transcript(final=heard) if heard and turn.transcript is None:
                    turn.transcript = payload
                case Strategy() if turn.strategy is None:
                    turn.strategy = payload
                case LlmRequest():
                    turn.prompts.setdefault(payload.adapter, payload.messages)
                case Reply(sentence=sentence) if sentence:
                    turn.sources.add(payload.source)
                case Turn():
                    if turn not in begun:
                        begun.append(turn)
                    turn.end = payload if payload.done else turn.end
        return begun

    def _events(self) -> Iterator[Event]:
        for message in self.bag.messages(*READ):
            topic, text, stamp = topics.TOPICS[message.topic], _text(message.data), message.stamp / 1e9
            try:
                payload = PAYLOADS[topic].from_json(text)
            except MalformedPayloadError:
                self.refused[topic.name] += 1
                yield Event(stamp, topic, text, None)
                continue
            # Of two topics either may be recorded first; who sent knows better when.
            believed = payload.stamp if abs(payload.stamp - stamp) < CLOCKS_APART else stamp
            yield Event(believed, topic, text, payload)


def _text(data: bytes) -> str:
    """What a std_msgs/String says; what is none becomes empty."""
    try:
        return str(typestore().deserialize_cdr(data, "std_msgs/msg/String").data)
    except Exception:  # The library answers damaged data with whatever its generated code runs into.
        return ""
