"""Where a turn stands: a state machine fed with the tutor's messages, which answers with messages to send.

It knows no clock of its own: `now` is steady time in seconds, stamps are ROS time in seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from phied_robot.messages import Control, Expression, Payload, Reply, Status, Strategy, Transcript, Turn
from phied_robot.pedagogy.questions import LONGEST_QUESTION
from phied_robot.pedagogy.strategies import DEFAULT, reveals_answer


@dataclass(frozen=True)
class Deadlines:
    """Seconds that each phase may take, from its begin, before its fallback.

    The wait for a child is felt at 2 s (facts on tutoring), so deciding and the first sentence share
    little more; `speaking` is the longest silence between two sentences of one answer. An answer whose end is
    missing is taken for ended after twice `answering` without a further sentence.
    """

    deciding: float = 1.5
    answering: float = 4.0
    speaking: float = 30.0


GRACE = 1.0
"""Seconds that a node has to take its fallback, which needs no model, before the session node stands in for it."""
ENDED = 256
"""Turns whose ids are remembered, so that a question that comes twice is answered once."""
LONGEST_SENTENCE = 4_000
LONGEST_ANSWER, MOST_ENTRIES = 16_384, 64
"""Characters of an answer, and gestures or files of a turn: with more a turn would be too large for a payload."""

FALLBACKS = {"deciding": "default_strategy", "answering": "prepared_reply"}
NODE_OF_PHASE = {
    "deciding": "pedagogical_strategy",
    "answering": "response_generation",
}
TOLD, STOOD_IN = 1, 2
"""Steps of a late stage: it was told to take its fallback, and the session node did it in its place."""


@dataclass
class _Running:
    """The turn under way. `marks` are ROS times by name, from which the timings follow."""

    transcript: Transcript
    phase: str
    phase_began: float
    fallbacks: int = 0
    strategy: Strategy | None = None
    answer: list[str] = field(default_factory=list)
    begun: int = 0
    spoken: int = 0
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

    def __init__(
        self,
        deadlines: Deadlines,
        prepared: Callable[[str], str],
        gone: Callable[[str], bool] = lambda node: False,
        ended: Sequence[str] = (),
    ) -> None:
        """Start with no turn under way.

        Args:
            deadlines: when a stage is late.
            prepared: the sentence for a question that no model answers.
            gone: whether a node has fallen silent, so that nobody need wait for it.
            ended: turns that ended before, newest last.
        """
        self._deadlines = deadlines
        self._prepared, self._gone = prepared, gone
        self._turn: _Running | None = None
        self._ended = list(ended[-ENDED:])

    @property
    def ended(self) -> list[str]:
        """The latest turns that are over, newest last."""
        return list(self._ended)

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
            shortened = transcript.model_copy(update={"final": transcript.final[: LONGEST_QUESTION + 1]})
            blocked = _Running(shortened, "heard", now)
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
        if turn is None or turn.replied or reply.source == "repeated":
            return []
        turn.marks.setdefault("first_sentence", reply.stamp)
        if reply.sentence and len(" ".join([*turn.answer, reply.sentence])) <= LONGEST_ANSWER:
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
            turn.gestures[MOST_ENTRIES - 1 :] = [expression.gesture]
            if expression.gesture == "thinking":
                turn.marks.setdefault("thinking", expression.stamp)
        elif expression.event == "sentence_started":
            turn.phase_began = now
            turn.begun += expression.sentence in turn.answer
            turn.marks.setdefault("first_audio", expression.stamp)
            if expression.audio_file:
                turn.audio_files[MOST_ENTRIES - 1 :] = [expression.audio_file]
        elif expression.event == "sentence_ended":
            turn.phase_began = now
            turn.spoken += expression.sentence in turn.answer
            turn.marks["last_audio"] = expression.stamp
        elif expression.event == "filler":
            turn.marks.setdefault("filler", expression.stamp)
        elif expression.event == "finished":
            turn.expressed = True
            return [self._done(turn)] if turn.replied else []
        elif expression.event == "lost":
            turn.phase_began = now
            left = " ".join(turn.answer[turn.spoken :])[:LONGEST_SENTENCE]
            return [Reply(turn_id=turn.turn_id, sentence=left, source="repeated", done=turn.replied)]
        return []

    def stop(self, reason: str) -> list[Payload]:
        """Stop at once; a turn under way ends as cancelled."""
        messages = self._interrupt("stop", "cancelled", reason)
        return messages or [Control(action="stop", reason=reason)]

    def cancel(self, reason: str) -> list[Payload]:
        """End the turn under way, if any, as cancelled."""
        return self._interrupt("cancel", "cancelled", reason)

    def tick(self, now: float) -> list[Payload]:
        """Look at the deadlines: a late stage gets its fallback, and where that fails too, the turn ends."""
        turn = self._turn
        if turn is None:
            return []
        return self._speaking(turn, now) if turn.phase == "speaking" else self._waiting(turn, now)

    def _waiting(self, turn: _Running, now: float) -> list[Payload]:
        """A late stage is told to take its fallback; if it does not, or is gone, the session node stands in for it."""
        node, allowed = NODE_OF_PHASE[turn.phase], getattr(self._deadlines, turn.phase)
        if self._gone(node) and turn.fallbacks < STOOD_IN:
            turn.fallbacks = TOLD
        elif now - turn.phase_began <= (GRACE if turn.fallbacks == TOLD else allowed):
            return []
        turn.fallbacks, turn.phase_began = turn.fallbacks + 1, now
        late = f"nothing came from {node} for {allowed:g} s"
        if turn.fallbacks == TOLD:
            return [Control(action=FALLBACKS[turn.phase], reason=late, turn_id=turn.turn_id)]  # type: ignore[arg-type]
        if turn.fallbacks == STOOD_IN:
            return [self._stand_in(turn)]
        return self._interrupt("cancel", "failed", f"{late}; see its log or the diagnostics topic")

    def _speaking(self, turn: _Running, now: float) -> list[Payload]:
        """An answer that stops without its end is ended; a voice that falls silent ends the turn."""
        silent = now - turn.phase_began
        if turn.replied and self._gone("robot_expression"):
            return [self._done(turn, "robot_expression is gone, so the answer was not spoken")]
        if not turn.replied and turn.spoken >= len(turn.answer) and silent > 2 * self._deadlines.answering:
            turn.phase_began = now
            return [Reply(turn_id=turn.turn_id, done=True)]
        if silent <= self._deadlines.speaking:
            return []
        late = f"nothing came from robot_expression for {self._deadlines.speaking:g} s"
        return self._interrupt("cancel", "failed", f"{late}; see its log or the diagnostics topic")

    def _stand_in(self, turn: _Running) -> Payload:
        """What the late stage should have sent."""
        if turn.phase == "deciding":
            return Strategy(
                turn_id=turn.turn_id,
                label=DEFAULT,
                probabilities={DEFAULT: 1.0},
                reveals_answer=reveals_answer(DEFAULT),
                source="default",
                question=turn.transcript.final,
            )
        return Reply(
            turn_id=turn.turn_id,
            sentence=self._prepared(turn.transcript.final),
            source="prepared",
            strategy=turn.strategy.label if turn.strategy else DEFAULT,
            done=True,
        )

    def _current(self, message: Payload) -> _Running | None:
        return self._turn if self._turn and message.turn_id == self._turn.turn_id else None

    def _enter(self, turn: _Running, phase: str, now: float) -> Turn:
        turn.phase, turn.phase_began, turn.fallbacks = phase, now, 0
        return self._running_message(turn)

    def _interrupt(self, action: str, status: Status, reason: str) -> list[Payload]:
        turn, self._turn = self._turn, None
        if turn is None:
            return []
        if status == "cancelled":
            turn.answer = turn.answer[: turn.begun]  # the child has heard no more
        control = Control(action=action, reason=reason, turn_id=turn.turn_id)  # type: ignore[arg-type]
        return [control, self._terminal(turn, status, reason)]

    def _done(self, turn: _Running, reason: str = "") -> Turn:
        self._turn = None
        return self._terminal(turn, "done", reason)

    def _running_message(self, turn: _Running) -> Turn:
        return _turn_message(turn, turn.phase, "running", "")

    def _terminal(self, turn: _Running, status: Status, reason: str) -> Turn:
        self._ended = [*self._ended[1 - ENDED :], turn.turn_id]
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
        "speech_to_thinking": ("speech_ended", "thinking"),
        "speech_to_filler": ("speech_ended", "filler"),
        "speech_to_first_audio": ("speech_ended", "first_audio"),
    }
    for stage, (begin, end) in stages.items():
        if begin in marks and end in marks:
            yield stage, round(marks[end] - marks[begin], 4)
