"""The expression node: an answer's sentences become a voice, the turn's course becomes motion."""

import contextlib
import queue
import time
import zlib
from collections import deque
from pathlib import Path
from typing import Literal

from pydantic import Field
from sensor_msgs.msg import JointState

from phied_robot import topics
from phied_robot.expression.accents import SpokenSentence
from phied_robot.expression.motion import Mode, MotionEngine
from phied_robot.expression.motion_loop import MotionLoop
from phied_robot.expression.personalities import scale
from phied_robot.expression.voice_worker import Utterance, VoiceListener, VoiceWorker
from phied_robot.messages import (
    Control,
    Expression,
    MalformedPayloadError,
    Progress,
    Reply,
    Session,
    SpeechState,
    Strategy,
    Turn,
)
from phied_robot.nodes.conversions import joint_message, joints_from
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, StartError, TutorNode, run
from phied_robot.pedagogy.lessons import LessonError, find_lesson, load_lesson
from phied_robot.pedagogy.prepared import filler, greeting, refused, resumed
from phied_robot.pedagogy.questions import refusal
from phied_robot.robots.pose import Joints
from phied_robot.speech.audio import SpeechError
from phied_robot.speech.playback import Player
from phied_robot.speech.synthesis import Speech, voice_opener

TURNS_OVER = 8
"""Turns that are not taken up again when a late message speaks of them: topics overtake each other by a few."""


class RobotExpressionSettings(Settings):
    """Parameters of the expression node."""

    audio_device: str = Field(
        "default", description="Name of the output device; robot: its sound card; default: the system's."
    )
    audio_folder: str = Field("", description="Folder in which each sentence is kept as a WAV file; empty: none.")
    filler_after: float = Field(
        1.3, ge=0.3, le=10.0, description="Seconds without a voice after which a short filler is spoken."
    )
    voice_engine: Literal["pyttsx3", "piper"] = Field("pyttsx3", description="Engine of the voice: pyttsx3 or piper.")
    voice_folder: str = Field("", description="Folder of piper's voice files, such as en_US-amy-medium.onnx.")
    gesture_seed: int = Field(0, ge=0, le=1_000_000, description="Which of several moves is shown when.")


class RobotExpressionNode(TutorNode[RobotExpressionSettings]):
    """One voice thread, one motion thread; callbacks only tell them what comes."""

    def __init__(self) -> None:
        """Begin to breathe, and wait for a session."""
        super().__init__("robot_expression", RobotExpressionSettings)
        settings = self.settings
        neutral = scale().at(0.0)
        self._session = Session()
        self._strategy, self._opens = "", False
        self._turn_id = ""
        self._replied = False
        self._over: deque[str] = deque(maxlen=TURNS_OVER)
        self._knows_progress, self._greets = False, False
        self._lost = ""
        self._waiting_since: float | None = None
        self._voice_fault = ""
        try:
            self._player = Player(settings.audio_device, Path(settings.audio_folder) if settings.audio_folder else None)
        except SpeechError as error:
            raise StartError(f"robot_expression: {error}") from error
        self._engine = MotionEngine(neutral.motion, settings.gesture_seed, self._gesture)
        self._engine.set_loudness(self._player.loudness)
        self._motion = MotionLoop(self._engine, self._command)
        self._voice = VoiceWorker(
            self._player,
            VoiceListener(self._sentence_started, self._sentence_ended, self._turn_finished, self._voice_failed),
            voice_opener(settings.voice_engine, Path(settings.voice_folder) if settings.voice_folder else None),
            self._session.language,
            neutral.voice,
        )
        self.advertise(topics.SPEAKING, topics.EXPRESSION, topics.JOINT_COMMANDS)
        self.send_flag(topics.SPEAKING, False)
        self.listen(topics.SESSION, Session, self._session_changed)
        self.listen(topics.CONTROL, Control, self._controlled)
        self.rely_on("session")
        self.listen(topics.TURN, Turn, self._turn_changed)
        self.listen(topics.PROGRESS, Progress, self._progress_came)
        self.listen(topics.SPEECH_STATE, SpeechState, self._speech_changed)
        self.listen(topics.STRATEGY, Strategy, self._strategy_chosen)
        self.listen(topics.REPLY, Reply, self._reply_came)
        self.receive(topics.JOINT_STATES, self._joints_reported)
        self.every(0.1, self._tick)
        self._voice.start()
        self._motion.start()

    def close(self) -> None:
        """Silence, then stillness."""
        self._voice.close()
        self._motion.close()

    def health(self) -> Health:
        """A warning while there is no voice."""
        values: dict[str, object] = {"audio": self._player.description}
        fault = self._voice_fault or self._player.fault
        return Health("warning", fault, values) if fault else Health("ok", "running", values)

    def _session_changed(self, session: Session) -> None:
        self.session_id, self._session = session.session_id, session
        settings = scale().at(session.extraversion)
        self._voice.configure(session.language, settings.voice)
        self._engine.configure(settings.motion)

    def _speech_changed(self, speech: SpeechState) -> None:
        if not self._turn_id:
            modes: dict[str, Mode] = {"hearing": "attentive", "recognizing": "listening"}
            self._engine.set_mode(modes.get(speech.state, "idle"))

    def _progress_came(self, progress: Progress) -> None:
        """Tells a node that comes back, or has missed a turn's begin, of the turn under way."""
        if not self._knows_progress:
            self._knows_progress, self._greets = True, progress.turn is None
        if progress.turn is not None and not progress.turn.done:
            self._take_up(progress.turn)

    def _greet(self) -> None:
        self._engine.play("greeting")
        with contextlib.suppress(LessonError):
            title = load_lesson(find_lesson(self._session.lesson)).title
            self._say_aside(greeting(title, self._session.language, self._session.extraversion, self._variant()))

    def _say_aside(self, sentence: str) -> None:
        """Say something that belongs to no turn; a question interrupts it."""
        self._voice.say(Utterance("", sentence))
        self._voice.say(Utterance("", last=True))

    def _variant(self) -> int:
        return zlib.crc32(self.session_id.encode())

    def _take_up(self, turn: Turn) -> None:
        if turn.turn_id == self._turn_id or turn.turn_id in self._over:
            return
        # An aside under way, or a turn whose cancelling word comes later than the turn that took its place.
        self._fall_silent()
        self._turn_id, self._strategy, self._opens = turn.turn_id, turn.strategy, True
        self._replied, self._lost = False, ""
        self._waiting_since = self.now()
        self._engine.resume()
        self._engine.set_mode("thinking")
        self._gesture("thinking")
        if turn.phase == "speaking":
            # Some of the answer was said before we came, or at least given to be said: the session node knows the rest.
            self._lost, self._waiting_since = turn.turn_id, None

    def _turn_changed(self, turn: Turn) -> None:
        if not turn.done:
            self._take_up(turn)
            return
        if turn.status == "blocked":
            sentence = refused(self._session.language, turn.seq, refusal(turn.heard))
            self._say(Utterance(turn.turn_id, sentence), Utterance(turn.turn_id, last=True))
        if turn.turn_id == self._turn_id:
            self._engine.set_mode("idle")
        self._end_turn(turn.turn_id)

    def _strategy_chosen(self, strategy: Strategy) -> None:
        if strategy.turn_id == self._turn_id:
            self._strategy = strategy.label

    def _reply_came(self, reply: Reply) -> None:
        # After an answer's end comes nothing, whoever sent it: a node and the one that stood in for it may both do.
        if reply.turn_id != self._turn_id or self._replied or bool(self._lost) != (reply.source == "repeated"):
            return
        self._lost = ""
        self._waiting_since, self._replied = None, reply.done
        if reply.sentence:
            self._say(Utterance(reply.turn_id, reply.sentence))
        if reply.done:
            self._say(Utterance(reply.turn_id, last=True))

    def _say(self, *utterances: Utterance) -> None:
        try:
            for utterance in utterances:
                self._voice.say(utterance)
        except queue.Full as error:
            raise MalformedPayloadError("reply: too many sentences wait to be spoken") from error

    def _tick(self) -> None:
        if self._greets and self.session_id:
            self._greets = False
            self._greet()
        if self._lost:
            # Again and again until the session node has heard it.
            self.send(topics.EXPRESSION, Expression(turn_id=self._lost, event="lost"))
        if self._waiting_since is not None and self.now() - self._waiting_since > self.settings.filler_after:
            self._waiting_since = None
            sentence = filler(self._session.language, self._session.extraversion, len(self._turn_id))
            with contextlib.suppress(queue.Full):
                self._voice.say(Utterance(self._turn_id, sentence, filler=True))

    def _controlled(self, control: Control) -> None:
        if control.action == "pause":
            self._fall_silent()
            self._engine.freeze()
        elif control.action == "stop":
            self._fall_silent()
            self._engine.halt()
        elif control.action == "resume":
            self._engine.resume()
            self._say_aside(resumed(self._session.language, self._session.extraversion, self._variant()))
        elif control.action == "cancel" and control.turn_id == self._turn_id:
            self._fall_silent()
            self._engine.halt()

    def _fall_silent(self) -> None:
        self._end_turn(self._turn_id)
        self._voice.cancel()
        self.send_flag(topics.SPEAKING, False)

    def _end_turn(self, turn_id: str) -> None:
        if turn_id:
            self._over.append(turn_id)
        if turn_id == self._turn_id:
            self._turn_id, self._waiting_since, self._lost = "", None, ""

    def _gesture(self, name: str) -> None:
        self.send(topics.EXPRESSION, Expression(turn_id=self._turn_id, event="gesture", gesture=name))

    def _joints_reported(self, message: JointState) -> None:
        try:
            self._engine.report(joints_from(message), time.monotonic())
        except ValueError as error:
            self.refuse(topics.JOINT_STATES.name, error)

    def _command(self, joints: Joints) -> None:
        self.publish(topics.JOINT_COMMANDS, joint_message(joints, self.get_clock().now().to_msg()))

    # What follows runs on the voice thread.

    def _sentence_started(self, utterance: Utterance, speech: Speech, file: Path | None) -> None:
        self._voice_fault = ""
        self.send_flag(topics.SPEAKING, True)
        self._engine.set_mode("speaking")
        expression = {
            "turn_id": utterance.turn_id,
            "event": "filler" if utterance.filler else "sentence_started",
            "sentence": utterance.sentence,
            "audio_file": str(file or ""),
            "duration": speech.audio.duration,
        }
        self.send(topics.EXPRESSION, Expression.model_validate(expression))
        strategy = self._strategy if utterance.turn_id and not utterance.filler else ""
        opens, self._opens = bool(strategy) and self._opens, self._opens and not strategy
        self._engine.speak(SpokenSentence(strategy, speech.clauses, speech.audio.duration, opens))

    def _sentence_ended(self, utterance: Utterance) -> None:
        self.send(
            topics.EXPRESSION,
            Expression(turn_id=utterance.turn_id, event="sentence_ended", sentence=utterance.sentence),
        )

    def _turn_finished(self, turn_id: str) -> None:
        self.send_flag(topics.SPEAKING, False)
        if not self._turn_id:
            self._engine.set_mode("idle")
        self.send(topics.EXPRESSION, Expression(turn_id=turn_id, event="finished"))

    def _voice_failed(self, reason: str) -> None:
        self._voice_fault = reason
        self.get_logger().error(f"no voice: {reason}")


def main() -> None:
    """Run the expression node."""
    run(RobotExpressionNode)


if __name__ == "__main__":
    main()
