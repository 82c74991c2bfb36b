"""The speech input node: sound in, transcripts out. The robot does not hear itself."""

import math
import queue
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
from pydantic import Field
from std_msgs.msg import Bool, Int16MultiArray

from phied_robot import topics
from phied_robot.messages import Progress, Session, SpeechState, Transcript, Turn
from phied_robot.nodes.asking import Asking
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, StartError, TutorNode, run
from phied_robot.pedagogy.lessons import find_lesson, load_lesson
from phied_robot.pedagogy.utterances import expected_phrases
from phied_robot.sessions.turns import ENDED
from phied_robot.speech.audio import Samples, SpeechError, read_wav
from phied_robot.speech.capture import list_devices, microphone, wav_frames
from phied_robot.speech.recognition import Recognizer, make_recognizer
from phied_robot.speech.voice_activity import FRAME, FRAME_S, Segment, VoiceActivity

ECHO_SECONDS = 0.3
"""How long the robot's voice rings on in a room after its last sample."""

FULL_SCALE = 32_767
"""Of a sample on speech/audio, which is 16-bit."""

RECORDER_SECONDS = 5.0
"""Longest wait for a reader of speech/audio."""

SILENCE_SECONDS = 0.3
"""Silence that a shared recording ends with, beyond what ends an utterance."""

TURN_SECONDS = 120.0
"""Longest wait for a turn's end before the next utterance of a recording is heard."""


class SpeechInputSettings(Settings):
    """Parameters of the speech input node."""

    source: str = Field("auto", description="auto (a microphone if there is one), microphone, wav, topic or none.")
    device: str = Field("default", description="Name of the input device.")
    audio_files: list[str] = Field([""], description="WAV files to hear, for source wav.")
    engine: str = Field("sphinx", description="Recognizer: sphinx, or another recognize_* of SpeechRecognition.")
    end_of_speech: float = Field(0.6, ge=0.2, le=3.0, description="Seconds of silence that end an utterance.")
    share_audio: bool = Field(False, description="Publish what is heard on speech/audio, as recording it needs.")


class SpeechInputNode(TutorNode[SpeechInputSettings]):
    """One thread hears, cuts and recognizes; callbacks only tell it when to be deaf."""

    def __init__(self) -> None:
        """Begin to listen once the session is known."""
        super().__init__("speech_input", SpeechInputSettings)
        settings = self.settings
        self._source = self._choose_source()
        self._state = SpeechState(state="off" if self._source == "none" else "idle")
        self._fault = ""
        self._session: Session | None = None
        self._recognizer: Recognizer | None = None
        self._changed = threading.Condition()
        self._speaking = False
        self._deaf_until = 0.0
        self._ended_turns: deque[str] = deque(maxlen=ENDED)
        self._utterances = 0
        self._file = 0
        self._closing = threading.Event()
        self._files = [Path(name) for name in settings.audio_files if name]
        try:
            for path in self._files:
                read_wav(path)
        except SpeechError as error:
            raise StartError(str(error)) from error
        self._stream: queue.Queue[Samples] = queue.Queue()
        self._asking = Asking(self)
        self.advertise(topics.SPEECH_STATE)
        if settings.share_audio:
            self.advertise(topics.AUDIO)
        if self._source == "topic":
            self.receive(topics.AUDIO, self._sound_came)
        self.rely_on("session", "robot_expression")
        self.listen(topics.SESSION, Session, self._session_changed)
        self.listen(topics.TURN, Turn, self._turn_changed)
        self.listen(topics.PROGRESS, Progress, lambda progress: self._ended(progress.ended))
        self.receive(topics.SPEAKING, self._speaking_changed)
        self._say(self._state.state, "no microphone: questions are typed" if self._source == "none" else "")
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)
        if self._source != "none":
            self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._stream.put(np.empty(0, np.float32))
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=3.0)

    def health(self) -> Health:
        """An error when nothing can be heard."""
        values: dict[str, object] = {"source": self._source, "engine": self.settings.engine}
        return Health("error", self._fault, values) if self._fault else Health("ok", self._state.state, values)

    def _choose_source(self) -> str:
        source = self.settings.source
        if source not in ("auto", "microphone", "wav", "topic", "none"):
            raise StartError(f"speech_input: source must be auto, microphone, wav, topic or none, not {source!r}")
        if source != "auto":
            return source
        try:
            return "microphone" if list_devices("input") else "none"
        except SpeechError as error:
            self.get_logger().warning(str(error))
            return "none"

    def _session_changed(self, session: Session) -> None:
        with self._changed:
            if self._session is None or (session.lesson, session.language) != (
                self._session.lesson,
                self._session.language,
            ):
                self._recognizer = None
            self.session_id, self._session = session.session_id, session
            self._changed.notify_all()

    def _turn_changed(self, turn: Turn) -> None:
        if turn.done:
            self._ended([turn.turn_id])

    def _ended(self, turn_ids: list[str]) -> None:
        with self._changed:
            self._ended_turns.extend(turn_ids)
            self._changed.notify_all()

    def _speaking_changed(self, message: Bool) -> None:
        if self._speaking and not message.data:
            self._deaf_until = self.now() + ECHO_SECONDS
        self._speaking = bool(message.data)

    def _sound_came(self, message: Int16MultiArray) -> None:
        samples = np.array(message.data[:FRAME], np.float32) / np.float32(FULL_SCALE)
        self._stream.put(np.pad(samples, (0, -len(samples) % FRAME)))

    # What follows runs on the hearing thread.

    def _run(self) -> None:
        try:
            self._wait_until(lambda: self._session is not None)
            self._ready_recognizer()
            if self.settings.share_audio:
                self._await_recorder()
            if self._source == "wav":
                self._say("finished", self._hear_files())
            elif self._source == "topic":
                while not self._closing.is_set():
                    self._hear(self._frames_of_topic())
                    self._say("finished", "")
            else:
                self._hear(microphone(self.settings.device))
        except Exception as error:  # Whatever breaks hearing, the lesson goes on with typed text.
            self._fault = str(error)
            self._say("failed", f"nothing can be heard: {error}; questions can be typed")

    def _await_recorder(self) -> None:
        """Wait for whoever wanted the sound, which is lost before; not for long, because a lesson needs no recorder."""
        deadline = time.monotonic() + RECORDER_SECONDS
        while not self.matched(topics.AUDIO) and time.monotonic() < deadline and not self._closing.wait(0.02):
            pass

    def _hear_files(self) -> str:
        """Hear every file; one sentence names those in which nothing was heard."""
        unheard = []
        for number, path in enumerate(self._files):
            self._file = number
            before = self._utterances
            self._hear(wav_frames(path))
            if self._utterances == before:
                unheard.append(str(path))
        return f"no words were heard in {', '.join(unheard)}; record it again, louder or closer" if unheard else ""

    def _frames_of_topic(self) -> Iterator[Samples]:
        while True:
            yield self._stream.get()

    def _hear(self, frames: Iterator[Samples]) -> None:
        activity = VoiceActivity(self.settings.end_of_speech)
        self._say("listening", "")
        for frame in frames:
            if self._closing.is_set() or not len(frame):  # an empty frame is where the microphone was muted
                return
            if self._source == "microphone" and self._is_deaf():
                if self._state.state != "muted":
                    self._share(frame[:0])
                self._say("muted", "")
                activity.reset()
                continue
            self._share(frame)
            segment = activity.feed(frame)
            self._say("hearing" if activity.hearing else "listening", "")
            if segment is not None:
                self._recognize(segment)
        for _ in range(math.ceil((self.settings.end_of_speech + SILENCE_SECONDS) / FRAME_S)):
            self._share(np.zeros(FRAME, np.float32))
        if (segment := activity.finish()) is not None:
            self._recognize(segment)

    def _share(self, frame: Samples) -> None:
        if self.settings.share_audio:
            samples = (frame.clip(-1, 1) * FULL_SCALE).round().astype(np.int16)
            self.publish(topics.AUDIO, Int16MultiArray(data=samples.tolist()))

    def _is_deaf(self) -> bool:
        """Whether the robot speaks; an expression node that died while it spoke does not."""
        return (self._speaking and not self.gone("robot_expression")) or self.now() < self._deaf_until

    def _recognize(self, segment: Segment) -> None:
        ended = self.now()
        self._say("recognizing", "")
        assert self._session is not None
        heard = self._ready_recognizer().recognize(segment.audio)
        self._say("listening", "" if heard.text else "something was heard, but no words were recognized")
        if not heard.text:
            return
        turn_id = uuid4().hex[:12]
        if self._source == "wav":
            # The same at every hearing: a node that comes back begins anew, and what was answered is dropped.
            file = zlib.crc32(str(self._files[self._file]).encode())
            turn_id = f"{self.session_id[-48:]}.{file:08x}.{self._utterances}"
        transcript = {
            "turn_id": turn_id,
            "final": heard.text,
            "confidence": heard.confidence,
            "locale": self._session.language,
            "source": "microphone" if self._source == "topic" else self._source,
            "speech_ended": ended,
        }
        self._utterances += 1
        self._asking.ask(Transcript.model_validate({**transcript, "stamp": self.now()}))
        if self._source == "wav":
            # A recording does not wait for the robot as a child does, so its next question waits here.
            self._wait_until(lambda: turn_id in self._ended_turns)

    def _ready_recognizer(self) -> Recognizer:
        """A recognizer that knows the words of the present lesson."""
        if self._recognizer is None:
            assert self._session is not None
            phrases = expected_phrases(load_lesson(find_lesson(self._session.lesson)))
            self._recognizer = make_recognizer(self.settings.engine, self._session.language, phrases)
        return self._recognizer

    def _wait_until(self, happened: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: happened() or self._closing.is_set(), timeout=TURN_SECONDS)

    def _say(self, state: str, detail: str) -> None:
        if (state, detail) != (self._state.state, self._state.detail) or state == "off":
            self._state = SpeechState.model_validate({"state": state, "detail": detail, "utterances": self._utterances})
            self.send(topics.SPEECH_STATE, self._state)


def main() -> None:
    """Run the speech input node."""
    run(SpeechInputNode)


if __name__ == "__main__":
    main()
