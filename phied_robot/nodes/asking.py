"""Puts a question again until the session node has taken it up: what is said while that node restarts is lost."""

import time

from phied_robot import topics
from phied_robot.messages import Progress, Transcript, Turn
from phied_robot.nodes.parameters import AnySettings
from phied_robot.nodes.tutor_node import TutorNode

AGAIN_SECONDS = 1.0
"""Between two attempts; the session node drops what it has already taken up."""
GIVEN_UP_SECONDS = 60.0
"""After this long nobody waits for an answer any more."""


class Asking:
    """The latest question of a node. `ask` may be called from any thread."""

    def __init__(self, node: TutorNode[AnySettings]) -> None:
        """Ask through `node`, and look there for what is taken up."""
        self._node = node
        self._waiting: Transcript | None = None
        self._asked_at = 0.0
        node.advertise(topics.TRANSCRIPT)
        node.listen(topics.TURN, Turn, self._turn_came)
        node.listen(topics.PROGRESS, Progress, self._progress_came)
        node.every(AGAIN_SECONDS, self._ask_again)

    def ask(self, transcript: Transcript) -> None:
        """Put a question; one that still waits gives way to it."""
        self._waiting, self._asked_at = transcript, time.monotonic()
        self._node.send(topics.TRANSCRIPT, transcript)

    def _ask_again(self) -> None:
        waiting = self._waiting
        if waiting is None:
            return
        if time.monotonic() - self._asked_at > GIVEN_UP_SECONDS:
            self._waiting = None
            self._node.get_logger().error(f"no session node has taken up the question {waiting.turn_id}")
        elif time.monotonic() - self._asked_at > AGAIN_SECONDS:
            self._node.send(topics.TRANSCRIPT, waiting)

    def _turn_came(self, turn: Turn) -> None:
        self._taken_up(turn.turn_id)

    def _progress_came(self, progress: Progress) -> None:
        for turn_id in [*progress.ended, progress.turn.turn_id if progress.turn else ""]:
            self._taken_up(turn_id)

    def _taken_up(self, turn_id: str) -> None:
        if self._waiting is not None and self._waiting.turn_id == turn_id:
            self._waiting = None
