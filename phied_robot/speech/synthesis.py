"""Text to speech: what a voice is, which engines there are, and how their sound is made fit to be played."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from phied_robot.personality import VoiceSettings
from phied_robot.speech.audio import Audio, Samples, SpeechError

LANGUAGES = ("en", "fr", "de")
ENGINES = ("pyttsx3", "piper")

AUDIBLE = 0.005
MARGIN_S = 0.005
"""Silence that is left before and after a sentence, in which it fades in and out."""
LINEAR = 0.7
"""Below this part of full scale samples stay as they are; what is above is bent so that it never reaches 1."""


class Speech(NamedTuple):
    """A spoken sentence: its sound, and the seconds at which its clauses begin."""

    audio: Audio
    clauses: tuple[float, ...]


class Voice(Protocol):
    """A voice of one language."""

    language: str

    def speak(self, text: str, settings: VoiceSettings) -> Speech:
        """Speak `text` in the manner of `settings`; silence before and after it is cut off.

        Raises:
            SpeechError: the engine fails.
        """


VoiceOpener = Callable[[str], Voice]
"""Makes the voice of a language."""


def voice_opener(engine: str = "pyttsx3", folder: Path | None = None) -> VoiceOpener:
    """What opens the voices of an engine; piper reads its voice files from `folder`.

    Raises:
        SpeechError: there is no such engine (at once), or it lacks the voice of a language (when that is opened).
    """
    if engine == "pyttsx3":
        from phied_robot.speech.espeak import EspeakVoice

        return EspeakVoice
    if engine == "piper":
        from phied_robot.speech.piper import PiperVoice

        return lambda language: PiperVoice(language, folder)
    raise SpeechError(f"there is no voice engine {engine!r}; choose one of {', '.join(ENGINES)}")


def check_voice() -> None:
    """See that there is a voice (SpeechError as `voice_opener`)."""
    voice_opener()("en")


def finished(samples: Samples, rate: int, gain_db: float, clauses: list[float]) -> Speech:
    """A sentence ready to be played: trimmed, with its gain, faded at both ends, no sample beyond full scale.

    clauses: seconds in `samples`, which become seconds in the trimmed sound.
    """
    loud = samples * np.float32(10 ** (gain_db / 20))
    audible = np.flatnonzero(np.abs(loud) > AUDIBLE)
    if not len(audible):
        return Speech(Audio(loud[:0], rate), ())
    margin = round(MARGIN_S * rate)
    begin = max(0, int(audible[0]) - margin)
    cut = limited(loud[begin : int(audible[-1]) + margin])
    fade = np.sin(np.linspace(0.0, np.pi / 2, min(margin, len(cut)), dtype=np.float32)) ** 2
    cut[: len(fade)] *= fade
    cut[len(cut) - len(fade) :] *= fade[::-1]
    length = len(cut) / rate
    return Speech(Audio(cut, rate), tuple(min(max(0.0, time - begin / rate), length) for time in clauses))


def limited(samples: Samples) -> Samples:
    """The samples with peaks bent under full scale, without the corners of a clipped wave."""
    size = np.abs(samples)
    room = 1.0 - LINEAR
    bent = LINEAR + room * np.tanh(np.maximum(size - LINEAR, 0.0) / room)
    return np.asarray(np.where(size > LINEAR, np.copysign(bent, samples), samples), dtype=np.float32)
