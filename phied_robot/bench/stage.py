"""A voice and motion in real time, put together as the expression node has them, with every moment kept."""

import queue
import time
from collections.abc import Callable
from pathlib import Path

from phied_robot.expression.accents import SpokenSentence
from phied_robot.expression.motion import MotionEngine
from phied_robot.expression.motion_loop import MotionLoop
from phied_robot.expression.voice_worker import Utterance, VoiceListener, VoiceWorker
from phied_robot.personality import Personality
from phied_robot.robots.pose import Joints
from phied_robot.speech.audio import Samples
from phied_robot.speech.outputs import SilentOutput
from phied_robot.speech.playback import HOP_S, Player
from phied_robot.speech.synthesis import Speech, voice_opener

PATIENCE = 60.0
"""Seconds after which a sentence that does not begin or end is given up."""


class Tape(SilentOutput):
    """Takes sound at a device's pace and keeps when it took each hop of each sentence (monotonic s)."""

    def __init__(self) -> None:
        """Nothing is taken yet."""
        self.taken: list[list[float]] = []
        super().__init__("a tape")

    def start(self) -> None:
        """Begin a sentence."""
        self.taken.append([])
        super().start()

    def write(self, samples: Samples) -> None:
        """Take a hop, and let it sound."""
        self.taken[-1].append(time.monotonic())
        super().write(samples)


class Stage:
    """One voice and one motion loop.

    Attributes:
        tape: when sound was taken.
        ticks: when each target was sent (monotonic s).
        failures: why sentences could not be said.
    """

    def __init__(self, personality: Personality, send: Callable[[Joints], None] = lambda _: None) -> None:
        """`send` gets every target, on the motion thread."""
        self.tape = Tape()
        self.ticks: list[float] = []
        self.failures: list[str] = []
        self._send = send
        self._began: queue.Queue[float] = queue.Queue()
        self._ended: queue.Queue[float] = queue.Queue()
        player = Player(opener=lambda _: self.tape)
        self.engine = MotionEngine(personality.motion)
        self.engine.set_loudness(player.loudness)
        self._motion = MotionLoop(self.engine, self._tick)
        listener = VoiceListener(self._sentence_began, self._sentence_ended, lambda _: None, self.failures.append)
        self._voice = VoiceWorker(player, listener, voice_opener(), "en", personality.voice)

    def __enter__(self) -> "Stage":
        """Begin to tick, with a voice that is warm."""
        self._voice.start()
        self._motion.start()
        self.say("Ready.")
        self.wait_until_ended()
        self._began.get_nowait()
        return self

    def __exit__(self, *_: object) -> None:
        """End both threads."""
        self._voice.close()
        self._motion.close()

    def say(self, sentence: str, turn_id: str = "") -> None:
        """Speak after what is already waiting."""
        self._voice.say(Utterance(turn_id, sentence))

    def stop(self) -> None:
        """Silence and stillness, as at a stop."""
        self._voice.cancel()
        self.engine.halt()

    def wait_until_began(self) -> float:
        """The moment (monotonic s) at which the next sentence that was not yet waited for began to sound."""
        return self._began.get(timeout=PATIENCE)

    def wait_until_ended(self) -> float:
        """The moment (monotonic s) at which the next sentence that was not yet waited for had sounded."""
        return self._ended.get(timeout=PATIENCE)

    def last_sound(self) -> float:
        """The moment (monotonic s) at which the last hop on the tape has sounded."""
        return self.tape.taken[-1][-1] + HOP_S

    def _tick(self, target: Joints) -> None:
        self.ticks.append(time.monotonic())
        self._send(target)

    def _sentence_began(self, _: Utterance, speech: Speech, __: Path | None) -> None:
        self._began.put(time.monotonic())
        self.engine.set_mode("speaking")
        self.engine.speak(SpokenSentence("", speech.clauses, speech.audio.duration))

    def _sentence_ended(self, _: Utterance) -> None:
        self._ended.put(time.monotonic())
