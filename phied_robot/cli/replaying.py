"""The course of a replay: each input when the conversation is where it was then, to the end of the last turn."""

import queue
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from phied_robot import topics
from phied_robot.cli.supervisor import Supervisor
from phied_robot.cli.view import View
from phied_robot.messages import Expression, LlmState, Payload, Reply, RobotState, Session, SpeechState, Strategy, Turn
from phied_robot.replay.inputs import NOTHING_YET, Input, Moment
from phied_robot.robots.simulator import Simulator

if TYPE_CHECKING:
    from phied_robot.nodes.replayer import ReplayerNode

START_SECONDS = 600.0
TURN_SECONDS = 180.0
"""Longest wait for a stage of a turn; a replay's deadlines are 60 s each."""


class ReplayError(RuntimeError):
    """A replay did not come to its end; the text says what was missing."""


class Course:
    """Says the inputs and follows the turns. Runs on the main thread.

    Attributes:
        renamed: the turn that came of a recorded one's sound, by the recorded id; empty where no words were recognized.
    """

    def __init__(
        self, replayer: "ReplayerNode", supervisors: Sequence[Supervisor], simulator: Simulator | None, view: View
    ) -> None:
        """Follow what `replayer` hears."""
        self.renamed: dict[str, str] = {}
        self._replayer, self._supervisors, self._simulator, self._view = replayer, supervisors, simulator, view
        self._turns: dict[str, Moment] = {}
        self._model = LlmState(state="loading")
        self._robot = RobotState(state="connecting")
        self._sessions = 0
        self._speech = SpeechState(state="off")

    def wait_until_ready(self) -> None:
        """Wait for the nodes.

        Raises:
            ReplayError: the model cannot be loaded, or something is missing after a long time.
        """

        def ready() -> bool:
            if self._model.state == "failed":
                raise ReplayError(self._model.detail)
            connected = self._simulator is None or self._robot.state == "connected"
            return connected and self._sessions > 0 and not self._replayer.readiness.missing()

        self._wait(ready, lambda: self._replayer.readiness.missing() or "the robot", START_SECONDS)

    def play(self, inputs: Sequence[Input], rate: float | None) -> None:
        """Say everything, and wait for the end of every turn.

        Raises:
            ReplayError: a turn does not go on.
        """
        began, first = time.monotonic(), inputs[0].stamp
        for one in inputs:
            if rate:
                self._let_pass(began + (one.stamp - first) / rate)
            else:
                self._wait_for_moment(one)
            self._say(one)
        self._wait(
            lambda: all(now.phase == "ended" for now in self._turns.values()), lambda: "the end of the last turn"
        )

    def _wait_for_moment(self, one: Input) -> None:
        turn_id = self.renamed.get(one.after.turn_id, one.after.turn_id)
        # A turn that never began here cannot be waited for.
        if turn_id in self._turns:
            what = f"turn {turn_id} to be {one.after.phase}"
            self._wait(lambda: one.after.reached(self._turns[turn_id]), lambda: what)
        # On another topic the input could outrun what was said before it.
        taken = self._replayer.barrier()
        self._wait(lambda: all(one.done() for one in taken), lambda: "every node to have taken what was said")

    def _say(self, one: Input) -> None:
        sessions, known = self._sessions, set(self._turns)
        heard = self._speech.utterances
        self._speech = self._speech.model_copy(update={"state": "listening"})
        answer = self._replayer.put(one)
        if answer is not None:
            self._wait(answer.done, lambda: f"the session node's answer to {one.service}")
        elif one.topic is topics.SESSION_SET and one.payload:
            self._wait(lambda: self._sessions > sessions, lambda: "the session node's answer to a wish")
        elif one.topic is topics.AUDIO:
            self._wait(
                lambda: self._speech.state in ("finished", "failed"), lambda: "the recognition of what was heard"
            )
            if self._speech.state == "failed":
                raise ReplayError(self._speech.detail)
            number = self._speech.utterances - heard
            self._wait(lambda: len(self._turns) >= len(known) + number, lambda: "the turn of what was heard")
            new = [turn_id for turn_id in self._turns if turn_id not in known]
            self.renamed[one.turn_id] = new[-1] if new else ""
        elif one.topic is topics.TRANSCRIPT and one.turn_id:
            self._wait(lambda: one.turn_id in self._turns, lambda: f"turn {one.turn_id} to begin")

    def _wait(self, done: Callable[[], bool], what: Callable[[], str], patience: float = TURN_SECONDS) -> None:
        """Handle events until `done`; the patience begins anew with each."""
        deadline = time.monotonic() + patience
        while not done():
            if self._step(0.05):
                deadline = time.monotonic() + patience
            elif time.monotonic() > deadline:
                raise ReplayError(f"still waiting for {what()} after {patience:.0f} s; see the logs")

    def _let_pass(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            self._step(min(left, 0.05))

    def _step(self, seconds: float) -> bool:
        """Handle one event, if one comes in time."""
        said = [sentence for one in self._supervisors for sentence in one.look_after()]
        for sentence in (*said, *(self._simulator.look_after() if self._simulator else ())):
            self._view.error(sentence)
        try:
            event = self._replayer.events.get(timeout=seconds)
        except queue.Empty:
            return False
        self._take(event)
        return True

    def _take(self, event: Payload) -> None:
        match event:
            case LlmState():
                self._model = event
            case RobotState():
                self._robot = event
            case SpeechState():
                self._speech = event
            case Session():
                self._sessions += 1
            case Strategy():
                self._view.strategy(event)
            case Reply() | Expression() if event.turn_id in self._turns:
                self._turns[event.turn_id] = self._turns[event.turn_id].then(event)
            case Turn():
                if event.phase == "deciding":
                    self._view.heard(event)
                self._turns[event.turn_id] = self._turns.get(event.turn_id, NOTHING_YET).then(event)
                if event.done:
                    self._view.ended(event, answer_shown=False)
