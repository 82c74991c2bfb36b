"""Speaks sentences in order, and makes the next ones while one still sounds."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from phied_robot.expression.priority import go_first
from phied_robot.personality import VoiceSettings
from phied_robot.speech.audio import SpeechError
from phied_robot.speech.playback import Player
from phied_robot.speech.synthesis import Speech, Voice, VoiceOpener

WAITING = 256
"""Sentences that may wait to be made; no answer has as many."""
AHEAD = 4
"""Sentences that are made before they are needed; enough to have no gap, few enough to follow a new personality."""


@dataclass(frozen=True)
class Utterance:
    """A sentence of a turn; `last` marks the turn's end, with no sentence of its own."""

    turn_id: str
    sentence: str = ""
    filler: bool = False
    last: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether it is a clause, and the rest of its sentence comes next."""
        return self.sentence.endswith((",", ";", ":", "–", "—"))


@dataclass(frozen=True)
class VoiceListener:
    """What to call, on one of the worker's threads.

    started: the sentence begins to sound; its speech, and its WAV file where sentences are kept.
    ended: it has sounded, or was cut off.
    finished: all of a turn has been said.
    failed: a sentence cannot be said; why.
    """

    started: Callable[[Utterance, Speech, Path | None], None]
    ended: Callable[[Utterance], None]
    finished: Callable[[str], None]
    failed: Callable[[str], None]


class _Spoken(NamedTuple):
    utterance: Utterance
    speech: Speech | None
    pause: float
    cancelled: threading.Event


class VoiceWorker:
    """One thread makes speech, another plays it; what is cancelled falls silent within 100 ms and is forgotten."""

    def __init__(
        self, player: Player, listener: VoiceListener, open_voice: VoiceOpener, language: str, settings: VoiceSettings
    ) -> None:
        """Speak through `player` in `language`, with the voices that `open_voice` opens."""
        self._player = player
        self._listener = listener
        self._open_voice = open_voice
        self._language = language
        self._settings = settings
        self._voices: dict[str, Voice] = {}
        self._texts: queue.Queue[tuple[Utterance, threading.Event] | None] = queue.Queue(WAITING)
        self._spoken: queue.Queue[_Spoken | None] = queue.Queue(AHEAD)
        # Everything said until the next cancel shares one event; cancelling sets it and begins another.
        self._cancelled = threading.Event()
        self._threads = [
            threading.Thread(target=self._make, name="synthesis", daemon=True),
            threading.Thread(target=self._play, name="voice", daemon=True),
        ]

    def start(self) -> None:
        """Begin to speak what comes."""
        for thread in self._threads:
            thread.start()

    def configure(self, language: str, settings: VoiceSettings) -> None:
        """Speak in another language or manner from the next sentence that is not yet made."""
        self._language, self._settings = language, settings

    def say(self, utterance: Utterance) -> None:
        """Speak after what is already waiting.

        Raises:
            queue.Full: WAITING sentences wait already.
        """
        self._texts.put_nowait((utterance, self._cancelled))

    def cancel(self) -> None:
        """Fall silent within 100 ms and forget what is waiting."""
        cancelled, self._cancelled = self._cancelled, threading.Event()
        cancelled.set()

    def close(self) -> None:
        """Fall silent and end the threads."""
        self.cancel()
        self._texts.put(None)
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _make(self) -> None:
        while (item := self._texts.get()) is not None:
            utterance, cancelled = item
            if cancelled.is_set():
                continue
            settings = self._settings
            try:
                speech = None if utterance.last else self._voice(self._language).speak(utterance.sentence, settings)
            except SpeechError as error:
                self._listener.failed(str(error))
                continue
            self._spoken.put(_Spoken(utterance, speech, settings.pause, cancelled))
        self._spoken.put(None)

    def _voice(self, language: str) -> Voice:
        if language not in self._voices:
            self._voices[language] = self._open_voice(language)
        return self._voices[language]

    def _play(self) -> None:
        go_first()
        previous, silent_since = Utterance(""), 0.0
        while (spoken := self._spoken.get()) is not None:
            utterance, speech, pause, cancelled = spoken
            if cancelled.is_set():
                continue
            if speech is None:
                self._listener.finished(utterance.turn_id)
                continue
            waits = utterance.turn_id == previous.turn_id and not previous.goes_on
            due, previous = silent_since + pause if waits else 0.0, utterance
            if cancelled.wait(max(0.0, due - time.monotonic())):
                continue
            try:
                self._sound(utterance, speech, cancelled)
            except SpeechError as error:
                self._listener.failed(str(error))
            silent_since = time.monotonic()

    def _sound(self, utterance: Utterance, speech: Speech, cancelled: threading.Event) -> None:
        self._player.play(
            speech.audio,
            cancelled=cancelled.is_set,
            on_start=lambda: self._listener.started(utterance, speech, self._player.file),
        )
        self._listener.ended(utterance)
