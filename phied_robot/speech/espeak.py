"""The voice of espeak-ng, through pyttsx3's bindings."""

import ctypes
import threading
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phied_robot.personality import VoiceSettings
from phied_robot.speech.audio import SpeechError
from phied_robot.speech.clauses import clause_starts
from phied_robot.speech.synthesis import Speech, finished

VOICES = {"en": "gmw/en-us", "fr": "roa/fr", "de": "gmw/de"}
WORDS_A_MINUTE = 155
"""The neutral rate: a calm pace for children (espeak-ng's own is 175)."""

# espeak's pitch property and what it does to mean F0, in semitones: measured with Praat over four sentences,
# voices en-us, fr-fr and de, which agree within 0.1.
PITCH_PROPERTY = (0, 20, 30, 42, 46, 50, 54, 58, 70, 80, 99)
PITCH_SEMITONES = (-7.4, -4.8, -3.2, -1.3, -0.7, 0.0, 0.65, 1.35, 3.5, 5.3, 8.95)
RANGE_SEMITONES = 0.042
"""What a step of espeak's range property, 50 being normal, adds to mean F0; measured likewise."""

HEADROOM_DB = 4.0
"""espeak-ng peaks near full scale; so much below, +3 dB of loudness hardly reaches the limiter."""
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT of speak_lib.h, which the bindings lack

# espeak-ng has one state a process: one voice, one callback.
_lock = threading.Lock()


class EspeakVoice:
    """A voice of one language."""

    def __init__(self, language: str) -> None:
        """Choose the voice of `language`: "en", "fr" or "de".

        Raises:
            SpeechError: espeak-ng is missing, or has no such voice.
        """
        self.language = language
        self._name = VOICES.get(language, language).encode()
        self._espeak, self._rate = _espeak()
        with _lock:
            if self._espeak.SetVoiceByName(self._name):
                raise SpeechError(f"espeak-ng has no voice for {language!r}; choose one of {', '.join(VOICES)}")

    def speak(self, text: str, settings: VoiceSettings) -> Speech:
        """Speak `text` in the manner of `settings` (SpeechError: espeak-ng fails)."""
        pitch_range = round(50 * settings.pitch_range)
        semitones = settings.pitch_semitones - RANGE_SEMITONES * (pitch_range - 50)
        pitch = round(float(np.interp(semitones, PITCH_SEMITONES, PITCH_PROPERTY)))
        espeak = self._espeak
        with _lock:
            espeak.SetVoiceByName(self._name)
            espeak.SetParameter(espeak.RATE, round(WORDS_A_MINUTE * settings.rate), 0)
            espeak.SetParameter(espeak.PITCH, pitch, 0)
            espeak.SetParameter(espeak.RANGE, pitch_range, 0)
            pcm, words = _synthesize(espeak, text)
        starts = clause_starts(text, self.language)
        clauses = [next((time for place, time in words if place >= start), 0.0) for start in starts]
        return finished(
            pcm.astype(np.float32) / np.float32(32768), self._rate, settings.loudness_db - HEADROOM_DB, clauses
        )


@cache
def _espeak() -> tuple[ModuleType, int]:
    """pyttsx3's bindings of espeak-ng, initialized, and espeak-ng's sampling rate in Hz.

    pyttsx3's engine is not used: its run loop returns while espeak-ng still works, so that files come out empty
    and settings land on another sentence; the bindings, called synchronously, do neither.
    """
    try:
        from pyttsx3.drivers import _espeak as espeak
    except ImportError as error:
        raise SpeechError("the voice needs pyttsx3; install it with: pip install pyttsx3") from error
    except (RuntimeError, OSError, AttributeError) as error:
        raise SpeechError("the voice needs espeak-ng; install it with: sudo apt install espeak-ng") from error
    rate = espeak.Initialize(espeak.AUDIO_OUTPUT_SYNCHRONOUS, 200, None, DONT_EXIT)
    if rate <= 0:
        raise SpeechError("espeak-ng does not start; install it anew with: sudo apt install --reinstall espeak-ng-data")
    return espeak, rate


def _synthesize(espeak: ModuleType, text: str) -> tuple[NDArray[np.int16], list[tuple[int, float]]]:
    """The samples, and for every word the index of its first letter and the second at which it begins."""
    chunks: list[bytes] = []
    words: list[tuple[int, float]] = []

    def take(samples: Any, count: int, events: Any) -> int:
        if count > 0:
            chunks.append(ctypes.string_at(samples, count * 2))
        number = 0
        while (event := events[number]).type != espeak.EVENT_LIST_TERMINATED:
            if event.type == espeak.EVENT_WORD:
                words.append((event.text_position - 1, event.audio_position / 1000))
            number += 1
        return 0

    espeak.SetSynthCallback(take)
    status = espeak.Synth(text.replace("\0", " ").encode("utf-8", "replace"), flags=espeak.CHARS_UTF8)
    if status:
        raise SpeechError(f"espeak-ng cannot speak (code {status}); shorten the sentence")
    return np.frombuffer(b"".join(chunks), dtype=np.int16), words
