"""The session node: who is taught what, where each turn stands, and every finished turn on disk."""

import time
from pathlib import Path
from uuid import uuid4

from pydantic import Field, ValidationError
from std_srvs.srv import SetBool, Trigger

from phied_robot import topics
from phied_robot.expression.personalities import scale
from phied_robot.messages import (
    Control,
    Expression,
    Payload,
    Reply,
    Session,
    SessionSet,
    Strategy,
    Transcript,
    Turn,
)
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, StartError, TutorNode, run
from phied_robot.pedagogy.lessons import LessonError, find_lesson, load_lesson
from phied_robot.pedagogy.questions import check_question
from phied_robot.pedagogy.tutoring import Tutoring
from phied_robot.sessions.record import SessionRecord
from phied_robot.sessions.store import SessionStore, StoreError, default_store
from phied_robot.sessions.turns import Deadlines, TurnTracker


class SessionSettings(Settings):
    """Parameters of the session node."""

    pupil: str = Field("pupil-1", description="Pseudonym of the pupil; never a name.")
    age: int = Field(8, ge=3, le=12, description="Age of the pupil in years, entered by the teacher.")
    language: str = Field("en", description="Language of the lesson: en, fr or de.")
    lesson: str = Field("plants", description="Name of a bundled lesson, or the path of a lesson file.")
    personality: str = Field("neutral", description="introvert, neutral, extravert, or a number from -1 to 1.")
    store: str = Field("", description="SQLite file of finished turns; empty: sessions.sqlite in the state folder.")
    session_id: str = Field(
        "", description="Identifier of the session; one that was not closed goes on where it stood; empty: a new one."
    )
    deciding_deadline: float = Field(
        1.5, ge=0.1, le=60.0, description="Seconds for choosing a strategy before the default one is taken."
    )
    answering_deadline: float = Field(
        4.0, ge=0.1, le=60.0, description="Seconds for the first sentence before a prepared one is spoken."
    )
    speaking_deadline: float = Field(
        30.0, ge=1.0, le=600.0, description="Seconds without a sign of the voice before the turn fails."
    )


TOPIC_OF = {Control: topics.CONTROL, Strategy: topics.STRATEGY, Reply: topics.REPLY}
READERS_SECONDS = 5.0
"""When no reader has come for this long, all are there that must be told how a lost turn ended; a reader that is not
found at once is found within 3 s. Who does not come in time finds the end on tutor/progress."""
UNKEPT_SECONDS = 2.0
"""Between two attempts to write what the disk had refused."""


class SessionNode(TutorNode[SessionSettings]):
    """Owns the session, follows the turns, keeps the store."""

    def __init__(self) -> None:
        """Open the store, publish the session and begin to watch."""
        super().__init__("session", SessionSettings)
        settings = self.settings
        self._notice = ""
        session = self._first_session()
        try:
            store = SessionStore(Path(settings.store) if settings.store else default_store())
            self._record = SessionRecord(store, session)
            self._tutoring = Tutoring()
            self._tutoring.set_session(self._record.session)
        except (StoreError, LessonError) as error:
            raise StartError(str(error)) from error
        self._lost = self._record.lost
        self._readers, self._readers_since = 0, _now()
        self._tracker = TurnTracker(
            Deadlines(settings.deciding_deadline, settings.answering_deadline, settings.speaking_deadline),
            self._tutoring.prepared_answer,
            self.gone,
            self._record.ended,
        )
        self.advertise(topics.SESSION, topics.PROGRESS, topics.TURN, topics.CONTROL, topics.STRATEGY, topics.REPLY)
        self.rely_on("pedagogical_strategy", "response_generation", "language_model", "robot_expression")
        self.listen(topics.SESSION_SET, SessionSet, self._change)
        self.listen(topics.TRANSCRIPT, Transcript, self._heard)
        self.listen(topics.STRATEGY, Strategy, lambda message: self._tell(self._tracker.strategy(message, _now())))
        self.listen(topics.REPLY, Reply, lambda message: self._tell(self._tracker.reply(message, _now())))
        self.listen(
            topics.EXPRESSION, Expression, lambda message: self._tell(self._tracker.expression(message, _now()))
        )
        self.create_service(Trigger, "tutor/stop", self._stop)
        self.create_service(SetBool, "tutor/pause", self._pause)
        self.every(0.05, self._tick)
        self.every(UNKEPT_SECONDS, self._record.keep)
        self._publish_session()
        self._publish_progress()

    def close(self) -> None:
        """End the turn under way and close the store."""
        self._tell(self._tracker.cancel("the tutor is shutting down"))
        self._record.close()

    def health(self) -> Health:
        """A warning while a wish could not be granted, an error while the disk refuses."""
        values: dict[str, object] = {"session": self.session_id, "turn": self._tracker.turn_id}
        if self._record.fault:
            return Health("error", self._record.fault, values)
        return Health("warning", self._notice, values) if self._notice else Health("ok", "running", values)

    def _first_session(self) -> Session:
        settings = self.settings
        self.session_id = settings.session_id or f"session-{uuid4().hex[:12]}"
        try:
            wish = {
                "session_id": self.session_id,
                "pupil": settings.pupil,
                "age": settings.age,
                "language": settings.language,
                "lesson": settings.lesson,
                "extraversion": scale().parse(settings.personality),
            }
            session = Session.model_validate(wish)
            check_lesson(session)
            return session
        except ValidationError as error:
            mistake = error.errors()[0]
            raise StartError(f"session: {mistake['loc'][0]}: {mistake['msg']}") from error
        except ValueError as error:
            raise StartError(f"session: {error}") from error

    def _publish_session(self) -> None:
        self.send(topics.SESSION, self._record.session.model_copy(update={"notice": self._notice}))

    def _publish_progress(self) -> None:
        progress = self._record.progress(self._tracker.ended)
        self._tutoring.set_progress(progress)
        self.send(topics.PROGRESS, progress)

    def _change(self, wish: SessionSet) -> None:
        try:
            session = self._record.session.model_copy(update=wish.changes())
            check_lesson(session)
            self._notice = ""
            self._record.change(session)
            self._tutoring.set_session(session)
            self._publish_progress()
        except LessonError as error:
            self._notice = str(error)
            self.get_logger().warning(self._notice)
        self._publish_session()

    def _heard(self, transcript: Transcript) -> None:
        if not transcript.final:
            return
        transcript = transcript.model_copy(update={"stamp": transcript.stamp or self.now()})  # typed by ros2 topic pub
        refusal = check_question(transcript.final, self._record.session.language)
        if self._record.session.paused:
            refusal = "the lesson is paused"
        self._tell(self._tracker.heard(transcript, refusal, _now()))

    def _tick(self) -> None:
        self._tell(self._tracker.tick(_now()))
        if self._lost is not None:
            readers = self.readers(topics.TURN)
            if readers != self._readers:
                self._readers, self._readers_since = readers, _now()
            if readers and _now() - self._readers_since > READERS_SECONDS:
                self._tell_lost()

    def _tell_lost(self) -> None:
        """Say how the turn ended in which this node died, once those are there who wait for it."""
        if self._lost is not None:
            lost, self._lost = self._lost, None
            self.send(topics.CONTROL, Control(action="cancel", reason=lost.reason, turn_id=lost.turn_id))
            self._tell_turn(lost)

    def _tell(self, messages: list[Payload]) -> None:
        for message in messages:
            if isinstance(message, Turn):
                stamped = message.model_copy(update={"session_id": self.session_id, "stamp": self.now()})
                if stamped.done:
                    self._record.finish(stamped)
                else:
                    self._record.follow(stamped)
                self._tell_turn(stamped)
            else:
                self.send(TOPIC_OF[type(message)], message)

    def _tell_turn(self, turn: Turn) -> None:
        self.send(topics.TURN, turn)
        if turn.done:
            self._record.told(turn)
        self._publish_progress()

    def _stop(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._tell(self._tracker.stop("stopped by the teacher"))
        response.success, response.message = True, "stopped"
        return response

    def _pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        paused = bool(request.data)
        if paused:
            self._tell(self._tracker.stop("paused by the teacher"))
        self._record.change(self._record.session.model_copy(update={"paused": paused}))
        self._publish_session()
        self.send(topics.CONTROL, Control(action="pause" if paused else "resume"))
        response.success, response.message = True, "paused" if paused else "resumed"
        return response


def check_lesson(session: Session) -> None:
    """See that the session's lesson can be taught.

    Raises:
        LessonError: it cannot be read, or is in another language.
    """
    lesson = load_lesson(find_lesson(session.lesson))
    if lesson.language != session.language:
        raise LessonError(f"lesson {session.lesson} is in {lesson.language!r}, the session in {session.language!r}")


def _now() -> float:
    return time.monotonic()


def main() -> None:
    """Run the session node."""
    run(SessionNode)


if __name__ == "__main__":
    main()
