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
    session_id: str = Field("", description="Identifier of the session; empty: a new one.")
    deciding_deadline: float = Field(
        1.5, ge=0.1, le=60.0, description="Seconds for choosing a strategy before the default one is taken."
    )
    answering_deadline: float = Field(
        4.0, ge=0.1, le=60.0, description="Seconds for the first sentence before a prepared one is spoken."
    )
    speaking_deadline: float = Field(
        30.0, ge=1.0, le=600.0, description="Seconds without a sign of the voice before the turn fails."
    )


TOPIC_OF = {Turn: topics.TURN, Control: topics.CONTROL}


class SessionNode(TutorNode[SessionSettings]):
    """Owns the session, follows the turns, keeps the store."""

    def __init__(self) -> None:
        """Open the store, publish the session and begin to watch."""
        super().__init__("session", SessionSettings)
        settings = self.settings
        self._notice = ""
        self._session = self._first_session()
        try:
            self._store = SessionStore(Path(settings.store) if settings.store else default_store())
        except StoreError as error:
            raise StartError(str(error)) from error
        self._tracker = TurnTracker(
            Deadlines(settings.deciding_deadline, settings.answering_deadline, settings.speaking_deadline)
        )
        self.advertise(topics.SESSION, topics.TURN, topics.CONTROL)
        self.listen(topics.SESSION_SET, SessionSet, self._change)
        self.listen(topics.TRANSCRIPT, Transcript, self._heard)
        self.listen(topics.STRATEGY, Strategy, lambda message: self._tell(self._tracker.strategy(message, _now())))
        self.listen(topics.REPLY, Reply, lambda message: self._tell(self._tracker.reply(message, _now())))
        self.listen(
            topics.EXPRESSION, Expression, lambda message: self._tell(self._tracker.expression(message, _now()))
        )
        self.create_service(Trigger, "tutor/stop", self._stop)
        self.create_service(SetBool, "tutor/pause", self._pause)
        self.every(0.05, lambda: self._tell(self._tracker.tick(_now())))
        self._publish_session()

    def close(self) -> None:
        """End the turn under way and close the store."""
        self._tell(self._tracker.cancel("the tutor is shutting down"))
        self._store.close()

    def health(self) -> Health:
        """A warning while a wish could not be granted or the disk refuses."""
        values: dict[str, object] = {"session": self.session_id, "turn": self._tracker.turn_id}
        return Health("warning", self._notice, values) if self._notice else Health("ok", "running", values)

    def _first_session(self) -> Session:
        settings = self.settings
        self.session_id = settings.session_id or f"session-{uuid4().hex[:12]}"
        try:
            wish = {
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
        self.send(topics.SESSION, self._session.model_copy(update={"notice": self._notice}))

    def _change(self, wish: SessionSet) -> None:
        try:
            session = self._session.model_copy(update=wish.changes())
            check_lesson(session)
            self._session, self._notice = session, ""
        except LessonError as error:
            self._notice = str(error)
            self.get_logger().warning(self._notice)
        self._publish_session()

    def _heard(self, transcript: Transcript) -> None:
        if not transcript.final:
            return
        refusal = check_question(transcript.final, self._session.language)
        if self._session.paused:
            refusal = "the lesson is paused"
        self._tell(self._tracker.heard(transcript, refusal, _now()))

    def _tell(self, messages: list[Payload]) -> None:
        for message in messages:
            if isinstance(message, Turn) and message.done:
                message = message.model_copy(update={"session_id": self.session_id, "stamp": self.now()})
                self._keep(message)
            self.send(TOPIC_OF[type(message)], message)

    def _keep(self, turn: Turn) -> None:
        try:
            self._store.add(turn, self._session)
        except StoreError as error:
            self._notice = str(error)
            self.get_logger().error(self._notice)

    def _stop(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._tell(self._tracker.stop("stopped by the teacher"))
        response.success, response.message = True, "stopped"
        return response

    def _pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        paused = bool(request.data)
        if paused:
            self._tell(self._tracker.stop("paused by the teacher"))
        self._session = self._session.model_copy(update={"paused": paused})
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
