"""Speaks sentences in order on a thread of its own, and tells when each begins and ends."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phied_robot.personality import VoiceSettings
from phied_robot.speech.audio import SpeechError
from phied_robot.speech.playback import Player
from phied_robot.speech.synthesis import Voice


@dataclass(frozen=True)
class Utterance:
    """A sentence of a turn; `last` marks the turn's end, with no sentence of its own."""

    turn_id: str
    sentence: str = ""
    filler: bool = False
    last: bool = False


@dataclass(frozen=True)
class VoiceListener:
    """What to call, on the worker's thread."""

    started: Callable[[Utterance, float, Path | None], None]
    ended: Callable[[Utterance], None]
    finished: Callable[[str], None]
    failed: Callable[[str], None]


class VoiceWorker:
    """One queue, one thread; what is cancelled falls silent within 100 ms and leaves the queue."""

    def __init__(self, player: Player, listener: VoiceListener, language: str, settings: VoiceSettings) -> None:
        """Speak through `player` in `language`."""
        self._player = player
        self._listener = listener
        self._language = language
        self._settings = settings
        self._voice: Voice | None = None
        self._queue: queue.Queue[tuple[Utterance, threading.Event] | None] = queue.Queue()
        # Everything said until the next cancel shares one event; cancelling sets it and begins another.
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def start(self) -> None:
        """Begin to speak what comes."""
        self._thread.start()

    def configure(self, language: str, settings: VoiceSettings) -> None:
        """Speak in another language or manner from the next sentence on."""
        self._language, self._settings = language, settings

    def say(self, utterance: Utterance) -> None:
        """Speak after what is already waiting."""
        self._queue.put((utterance, self._cancelled))

    def cancel(self) -> None:
        """Fall silent within 100 ms and forget what is waiting."""
        cancelled, self._cancelled = self._cancelled, threading.Event()
        cancelled.set()

    def close(self) -> None:
        """Fall silent and end the thread."""
        self.cancel()
        self._queue.put(None)
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        previous_turn = ""
        while (item := self._queue.get()) is not None:
            utterance, cancelled = item
            if cancelled.is_set():
                continue
            if utterance.last:
                self._listener.finished(utterance.turn_id)
                continue
            pause = self._settings.pause if utterance.turn_id == previous_turn else 0.0
            previous_turn = utterance.turn_id
            try:
                self._speak(utterance, pause, cancelled)
            except SpeechError as error:
                self._listener.failed(str(error))

    def _speak(self, utterance: Utterance, pause: float, cancelled: threading.Event) -> None:
        began = time.monotonic()
        if self._voice is None or self._voice.language != self._language:
            self._voice = Voice(self._language)
        audio = self._voice.synthesize(utterance.sentence, self._settings)
        if cancelled.wait(max(0.0, pause - (time.monotonic() - began))):
            return
        self._player.play(
            audio,
            cancelled=cancelled.is_set,
            on_start=lambda: self._listener.started(utterance, audio.duration, self._player.file),
        )
        self._listener.ended(utterance)
