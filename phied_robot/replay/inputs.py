"""What went into a recorded run, in order, each with the moment of the conversation at which it came."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from phied_robot import topics
from phied_robot.messages import Control, Expression, Payload, Reply, Transcript, Turn
from phied_robot.replay.errors import BagError
from phied_robot.replay.runs import Event, Run

Stage = Literal["audio", "transcripts", "strategies"]
STAGES: tuple[Stage, ...] = ("audio", "transcripts", "strategies")
PHASES = ("heard", "deciding", "answering", "speaking", "ended")
HEARD = ("microphone", "wav")
"""Sources of transcripts that come from sound."""


@dataclass(frozen=True)
class Moment:
    """How far the conversation was: the last turn, its phase, and its sentences that were given and begun to sound."""

    turn_id: str
    phase: str
    given: int = 0
    sounded: int = 0

    def then(self, payload: Payload) -> "Moment":
        """The moment after something more was said; a new turn begins with its own first message alone."""
        if isinstance(payload, Turn):
            same = payload.turn_id == self.turn_id
            return replace(self, phase=payload.phase) if same else Moment(payload.turn_id, payload.phase)
        if payload.turn_id == self.turn_id and isinstance(payload, Reply):
            return replace(self, given=self.given + bool(payload.sentence))
        if payload.turn_id == self.turn_id and isinstance(payload, Expression):
            return replace(self, sounded=self.sounded + (payload.event == "sentence_started"))
        return self

    def reached(self, now: "Moment") -> bool:
        """Whether the same turn of another run, which is at `now`, has come as far as this, or is over."""
        if now.phase == "ended":
            return True
        further = PHASES.index(now.phase) >= PHASES.index(self.phase)
        return further and now.given >= self.given and now.sounded >= self.sounded


NOTHING_YET = Moment("", "heard")


@dataclass(frozen=True)
class Input:
    """Something that is said to the tutor.

    stamp: when it came, in seconds of the recorded run.
    after: the moment that must have been reached; NOTHING_YET before the first turn.
    topic: where it is published; None for a service.
    text: the recorded payload; payload: what it means, unless it is malformed.
    service: "stop", "pause" or "resume", for a call of the session node's services.
    sound: 16-bit samples of 512 each (CDR), for what was heard.
    turn_id: the turn that began with it; empty where none did.
    """

    stamp: float
    after: Moment
    topic: topics.Topic | None = None
    text: str = ""
    payload: Payload | None = None
    service: str = ""
    sound: tuple[bytes, ...] = ()
    turn_id: str = ""


def inputs(run: Run, stage: Stage) -> list[Input]:
    """The inputs of a run that enter at a stage.

    audio: sound, and what was typed. transcripts: all that was heard or typed. strategies: the chosen strategies too.
    Wishes for the session, stops and pauses belong to all of them.

    Raises:
        BagError: the bag holds no sound, or nothing that was said to the tutor.
    """
    if stage == "audio" and not run.bag.counts.get(topics.AUDIO.name):
        raise BagError(f"the bag {run.bag.path} holds no sound; replay it --from transcripts")
    found = list(_inputs(run, stage))
    if not any(one.topic in (topics.TRANSCRIPT, topics.AUDIO) for one in found):
        raise BagError(f"nothing was said to the tutor in the bag {run.bag.path}, so there is nothing to replay")
    return found


def _inputs(run: Run, stage: Stage) -> Iterator[Input]:
    after = NOTHING_YET
    sound = _Sound(run) if stage == "audio" else None
    begun = {turn.turn_id for turn in run.turns}
    for number, event in enumerate(run.events):
        payload = event.payload
        after = after.then(payload) if payload else after
        if event.topic == topics.TRANSCRIPT:
            if sound and isinstance(payload, Transcript) and payload.source in HEARD:
                stretch = sound.until(event.stamp)
                yield Input(event.stamp, after, topics.AUDIO, sound=stretch, turn_id=payload.turn_id)
            else:
                turn_id = payload.turn_id if payload and payload.turn_id in begun else ""
                yield Input(event.stamp, after, event.topic, event.text, payload, turn_id=turn_id)
        elif event.topic == topics.SESSION_SET or (event.topic == topics.STRATEGY and stage == "strategies"):
            yield Input(event.stamp, after, event.topic, event.text, payload)
        elif isinstance(payload, Control) and (service := _service(payload, run.events[number + 1 :])):
            yield Input(event.stamp, after, service=service)


def _service(control: Control, later: list[Event]) -> str:
    """The call that a word of the session node answered, if it answered one."""
    if control.action in ("pause", "resume"):
        return control.action
    if control.action != "stop":
        return ""
    # A pause stops first, and says then that it was one.
    following = next((one.payload for one in later if isinstance(one.payload, Control | Transcript)), None)
    return "" if isinstance(following, Control) and following.action == "pause" else "stop"


class _Sound:
    """The recorded sound, handed out stretch by stretch."""

    def __init__(self, run: Run) -> None:
        self._messages = run.bag.messages(topics.AUDIO)
        self._next = next(self._messages, None)

    def until(self, stamp: float) -> tuple[bytes, ...]:
        """What was heard since the last call and before a time (s)."""
        stretch = []
        while self._next is not None and self._next.stamp / 1e9 < stamp:
            stretch.append(self._next.data)
            self._next = next(self._messages, None)
        return tuple(stretch)
