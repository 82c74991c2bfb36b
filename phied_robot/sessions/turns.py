"""Where a turn stands: a state machine fed with the tutor's messages, which answers with messages to send.

It knows no clock of its own: `now` is steady time in seconds, stamps are ROS time in seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from phied_robot.messages import Control, Expression, Payload, Reply, Status, Strategy, Transcript, Turn


@dataclass(frozen=True)
class Deadlines:
    """Seconds that each phase may take, from its begin, before its fallback.

    The wait for a child is felt at 2 s (facts on tutoring), so deciding and the first sentence share
    little more; `speaking` is the longest silence between two sentences of one answer.
    """

    deciding: float = 1.5
    answering: float = 4.0
    speaking: float = 30.0


FALLBACKS = {"deciding": "default_strategy", "answering": "prepared_reply"}
NODE_OF_PHASE = {
    "deciding": "pedagogical_strategy",
    "answering": "response_generation",
    "speaking": "robot_expression",
}


@dataclass
class _Running:
    """The turn under way. `marks` are ROS times by name, from which the timings follow."""

    transcript: Transcript
    phase: str
    phase_began: float
    fell_back: bool = False
    strategy: Strategy | None = None
    answer: list[str] = field(default_factory=list)
    replied: bool = False
    expressed: bool = False
    gestures: list[str] = field(default_factory=list)
    audio_files: list[str] = field(default_factory=list)
    marks: dict[str, float] = field(default_factory=dict)

    @property
    def turn_id(self) -> str:
        return self.transcript.turn_id


class TurnTracker:
    """Follows one turn at a time; every turn gets exactly one terminal message."""

    def __init__(self, deadlines: Deadlines) -> None:
        """Start with no turn under way."""
        self._deadlines = deadlines
        self._turn: _Running | None = None
        self._ended: list[str] = []

    @property
    def turn_id(self) -> str:
        """The turn under way, or an empty string."""
        return self._turn.turn_id if self._turn else ""

    def heard(self, transcript: Transcript, refusal: str | None, now: float) -> list[Payload]:
        """A final transcript: begins a turn, or ends it at once as blocked where `refusal` says why.

        A turn under way is cancelled in favour of the new one. A turn id that was used before is dropped.
        """
        if transcript.turn_id in self._ended or transcript.turn_id == self.turn_id:
            return []
        if refusal is not None:
            blocked = _Running(transcript, "heard", now)
            return [self._terminal(blocked, "blocked", refusal)]
        messages = self._interrupt("cancel", "cancelled", "a newer question came")
        self._turn = _Running(transcript, "deciding", now)
        self._turn.marks = {"speech_ended": transcript.speech_ended or transcript.stamp, "heard": transcript.stamp}
        return [*messages, self._running_message(self._turn)]

    def strategy(self, strategy: Strategy, now: float) -> list[Payload]:
        """The strategy of the turn under way."""
        turn = self._current(strategy)
        if turn is None or turn.strategy is not None:
            return []
        turn.strategy = strategy
        turn.marks["strategy"] = strategy.stamp
        return [self._enter(turn, "answering", now)]

    def reply(self, reply: Reply, now: float) -> list[Payload]:
        """A sentence of the answer."""
        turn = self._current(reply)
        if turn is None or turn.replied:
            return []
        turn.marks.setdefault("first_sentence", reply.stamp)
        if reply.sentence:
            turn.answer.append(reply.sentence)
        turn.replied = reply.done
        if turn.replied:
            turn.marks["replied"] = reply.stamp
            # Of two topics either may be the faster: the robot's end can come before the answer's.
            if turn.expressed:
                return [self._done(turn)]
        if turn.phase == "speaking":
            turn.phase_began = now
            return []
        return [self._enter(turn, "speaking", now)]

    def expression(self, expression: Expression, now: float) -> list[Payload]:
        """What the robot does in the turn under way; ends the turn when all of it is expressed."""
        turn = self._current(expression)
        if turn is None:
            return []
        if expression.event == "gesture":
            turn.gestures.append(expression.gesture)
            turn.marks.setdefault(f"gesture {expression.gesture}", expression.stamp)
        elif expression.event == "sentence_started":
            turn.phase_began = now
            turn.marks.setdefault("first_audio", expression.stamp)
            if expression.audio_file:
                turn.audio_files.append(expression.audio_file)
        elif expression.event == "sentence_ended":
            turn.phase_began = now
            turn.marks["last_audio"] = expression.stamp
        elif expression.event == "filler":
            turn.marks.setdefault("filler", expression.stamp)
        elif expression.event == "finished":
            turn.expressed = True
            return [self._done(turn)] if turn.replied else []
        return []

    def stop(self, reason: str) -> list[Payload]:
        """Stop at once; a turn under way ends as cancelled."""
        messages = self._interrupt("stop", "cancelled", reason)
        return messages or [Control(action="stop", reason=reason)]

    def cancel(self, reason: str) -> list[Payload]:
        """End the turn under way, if any, as cancelled."""
        return self._interrupt("cancel", "cancelled", reason)

    def tick(self, now: float) -> list[Payload]:
        """Look at the deadlines: a late stage gets its fallback once, and then the turn fails."""
        turn = self._turn
        if turn is None:
            return []
        allowed = getattr(self._deadlines, turn.phase)
        if now - turn.phase_began <= allowed:
            return []
        late = f"nothing came from {NODE_OF_PHASE[turn.phase]} for {allowed:g} s"
        if turn.phase in FALLBACKS and not turn.fell_back:
            turn.fell_back = True
            turn.phase_began = now
            return [Control(action=FALLBACKS[turn.phase], reason=late, turn_id=turn.turn_id)]  # type: ignore[arg-type]
        return self._interrupt("cancel", "failed", f"{late}; see its log or the diagnostics topic")

    def _current(self, message: Payload) -> _Running | None:
        return self._turn if self._turn and message.turn_id == self._turn.turn_id else None

    def _enter(self, turn: _Running, phase: str, now: float) -> Turn:
        turn.phase, turn.phase_began, turn.fell_back = phase, now, False
        return self._running_message(turn)

    def _interrupt(self, action: str, status: Status, reason: str) -> list[Payload]:
        turn, self._turn = self._turn, None
        if turn is None:
            return []
        control = Control(action=action, reason=reason, turn_id=turn.turn_id)  # type: ignore[arg-type]
        return [control, self._terminal(turn, status, reason)]

    def _done(self, turn: _Running) -> Turn:
        self._turn = None
        return self._terminal(turn, "done", "")

    def _running_message(self, turn: _Running) -> Turn:
        return _turn_message(turn, turn.phase, "running", "")

    def _terminal(self, turn: _Running, status: Status, reason: str) -> Turn:
        self._ended = [*self._ended[-255:], turn.turn_id]
        return _turn_message(turn, "ended", status, reason).model_copy(update={"done": True})


def _turn_message(turn: _Running, phase: str, status: Status, reason: str) -> Turn:
    return Turn(
        session_id=turn.transcript.session_id,
        turn_id=turn.turn_id,
        phase=phase,  # type: ignore[arg-type]
        status=status,
        reason=reason,
        heard=turn.transcript.final,
        source=turn.transcript.source,
        strategy=turn.strategy.label if turn.strategy else "",
        distribution=turn.strategy.probabilities if turn.strategy else {},
        answer=" ".join(turn.answer),
        gestures=turn.gestures,
        audio_files=turn.audio_files,
        timings=dict(_timings(turn.marks)),
    )


def _timings(marks: dict[str, float]) -> Iterable[tuple[str, float]]:
    """Seconds each stage took, and what a child notices, counted from the end of speech."""
    stages = {
        "recognition": ("speech_ended", "heard"),
        "strategy": ("heard", "strategy"),
        "first_sentence": ("strategy", "first_sentence"),
        "voice": ("first_sentence", "first_audio"),
        "whole_answer": ("strategy", "replied"),
        "speaking": ("first_audio", "last_audio"),
        "speech_to_thinking": ("speech_ended", "gesture thinking"),
        "speech_to_filler": ("speech_ended", "filler"),
        "speech_to_first_audio": ("speech_ended", "first_audio"),
    }
    for stage, (begin, end) in stages.items():
        if begin in marks and end in marks:
            yield stage, round(marks[end] - marks[begin], 4)
