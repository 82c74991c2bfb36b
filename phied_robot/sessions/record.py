"""What is kept of one session: its finished turns, its conversation, and where it stands, also after a crash."""

from phied_robot.messages import MAX_PAYLOAD_BYTES, Exchange, Progress, Session, Turn
from phied_robot.sessions.store import SessionStore, StoreError

EXCHANGES = 40
"""Turns that a conversation remembers: as many as any prompt may hold."""


class SessionRecord:
    """Writes to the store; what the disk refuses waits in memory. Used from one thread.

    Attributes:
        session: who is taught what; as it stood, where the session was never closed.
        ended: the ids of the turns that had ended, oldest first.
        lost: how the turn ended that was under way when the session node died, or None. It may have been told before.
        fault: why the disk refuses, in one sentence; "" when it does not.
    """

    def __init__(self, store: SessionStore, session: Session) -> None:
        """Begin `session`, or go on with it (by its id) where it stood.

        Raises:
            StoreError: the store cannot be read.
        """
        self.session = session
        self.lost: Turn | None = None
        self.fault = ""
        self._store = store
        self._unkept: list[tuple[Turn, Session]] = []
        self._turn: Turn | None = None
        noted = store.noted(session.session_id)
        if noted is not None:
            self.session, self._turn = noted
            if self._turn is not None and not self._turn.done:
                self._turn = self.lost = _ended(self._turn, store.turns(session.session_id))
                self._unkept = [(self.lost, self.session)]
                self.keep()
        self._note()
        self.ended = [turn.turn_id for turn in store.turns(session.session_id)]
        taught = store.turns(session.session_id, self.session.lesson)
        self._exchanges = [_exchange(turn) for turn in taught if turn.answer][-EXCHANGES:]

    def change(self, session: Session) -> None:
        """The session is another one from now on; a new lesson begins a new conversation."""
        if session.lesson != self.session.lesson:
            self._exchanges = []
        self.session = session
        self._note()

    def follow(self, turn: Turn) -> None:
        """A turn is under way: write down where it stands."""
        self._turn = turn
        self._note()

    def finish(self, turn: Turn) -> None:
        """A turn is over: it is on disk when this returns, unless there is a `fault`."""
        self._unkept.append((turn, self.session))
        self.keep()
        if turn.answer:
            self._exchanges = [*self._exchanges[1 - EXCHANGES :], _exchange(turn)]

    def told(self, turn: Turn) -> None:
        """The end of a turn was published, so it is not to be told again."""
        if self._turn is None or self._turn.done or self._turn.turn_id == turn.turn_id:
            self.follow(turn)

    def keep(self) -> None:
        """Write the finished turns that are not on disk yet."""
        try:
            while self._unkept:
                self._store.add(*self._unkept[0])
                del self._unkept[0]
            self.fault = ""
        except StoreError as error:
            self.fault = f"{len(self._unkept)} finished turns are not on disk yet: {error}"

    def progress(self, ended: list[str]) -> Progress:
        """Where the lesson stands, with as much of the conversation as a payload holds."""
        exchanges = self._exchanges
        while True:
            progress = Progress(
                session_id=self.session.session_id,
                lesson=self.session.lesson,
                exchanges=exchanges,
                ended=ended,
                turn=self._turn,
            )
            if not exchanges or len(progress.to_json()) <= MAX_PAYLOAD_BYTES:
                return progress
            exchanges = exchanges[1:]

    def close(self) -> None:
        """The session ends as it should."""
        self.keep()
        try:
            self._store.close_session(self.session.session_id)
        except StoreError as error:
            self.fault = self.fault or str(error)
        self._store.close()

    def _note(self) -> None:
        try:
            self._store.note(self.session, self._turn)
        except StoreError as error:
            self.fault = self.fault or str(error)


def _exchange(turn: Turn) -> Exchange:
    return Exchange(turn_id=turn.turn_id, heard=turn.heard, strategy=turn.strategy, answer=turn.answer)


def _ended(turn: Turn, finished: list[Turn]) -> Turn:
    """How a turn ended in which the session node died: as it is on disk, or failed."""
    kept = next((one for one in finished if one.turn_id == turn.turn_id), None)
    reason = "the session node died in this turn and was started again; ask again"
    return kept or turn.model_copy(update={"phase": "ended", "status": "failed", "reason": reason, "done": True})
