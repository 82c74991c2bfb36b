"""Speech to text: sphinx, which needs nothing, or another engine of SpeechRecognition."""

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from phied_robot.speech.audio import SPEECH_RATE, Audio, Samples, SpeechError

DITHER = 0.005
"""Noise added for sphinx, as a share of the peak: digital silence, as in synthetic or gated sound, unsettles
its features. Of 30 utterances by espeak-ng 40 % of the words were wrong almost without noise, 14 % with this much."""

FRAMES_A_SECOND = 100
SAMPLE_BYTES = 2
LOCALES = {"en": "en-US", "fr": "fr-FR", "de": "de-DE"}


@dataclass(frozen=True)
class Heard:
    """What was recognized; empty where there were no words. `confidence` is 0 to 1, or None where it is unknown."""

    text: str
    confidence: float | None = None


class Recognizer(Protocol):
    """Turns an utterance into words."""

    def recognize(self, audio: Audio) -> Heard:
        """The words of `audio` (16 kHz).

        Raises:
            SpeechError: the engine fails.
        """


def make_recognizer(engine: str, language: str, phrases: Sequence[str]) -> Recognizer:
    """A recognizer by its name in SpeechRecognition.

    Args:
        engine: "sphinx", or what follows recognize_ in SpeechRecognition, such as "faster_whisper" or "vosk".
        language: "en", "fr" or "de".
        phrases: what is likely to be said, the likelier the more often.

    Raises:
        SpeechError: the engine is unknown, not installed, or does not know the language.
    """
    return SphinxRecognizer(language, phrases) if engine == "sphinx" else LibraryRecognizer(engine, language)


class SphinxRecognizer:
    """Sphinx with a language model of the lesson's own sentences.

    SpeechRecognition's recognize_sphinx reads its 40 MB of models again for every utterance (0.5 s on a slow core) and
    takes no language model from memory, so its decoder (pocketsphinx) is used directly.
    """

    def __init__(self, language: str, phrases: Sequence[str]) -> None:
        """Build the language model and load the decoder (0.3 s)."""
        if language != "en":
            raise SpeechError(f"sphinx recognizes English only, not {language!r}; set another engine, such as vosk")
        try:
            from pocketsphinx import Decoder, get_model_path
        except ImportError as error:
            raise SpeechError("sphinx needs pocketsphinx; install it with: pip install pocketsphinx") from error
        models = Path(get_model_path("en-us"))
        dictionary = models / "cmudict-en-us.dict"
        known = {line.split(" ", 1)[0] for line in dictionary.read_text(encoding="utf-8").splitlines()}
        with tempfile.NamedTemporaryFile("w", suffix=".lm") as file:
            file.write(_language_model(phrases, known))
            file.flush()
            self._decoder: Any = Decoder(
                hmm=str(models / "en-us"), lm=file.name, dict=str(dictionary), loglevel="FATAL"
            )

    def recognize(self, audio: Audio) -> Heard:
        """The words of `audio`; the confidence is sphinx's posterior probability a second."""
        samples = audio.at(SPEECH_RATE).samples
        level = DITHER * float(np.abs(samples).max(initial=0.0))
        noise = np.random.default_rng(0).normal(0.0, level, len(samples)).astype(np.float32)
        decoder = self._decoder
        decoder.start_utt()
        decoder.process_raw(_pcm(samples + noise), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        if found is None or not found.hypstr:
            return Heard("")
        seconds = max(1.0, decoder.n_frames() / FRAMES_A_SECOND)
        log_probability = math.log(max(float(found.prob), 1e-300))
        return Heard(found.hypstr, min(1.0, math.exp(log_probability / seconds)))


class LibraryRecognizer:
    """Any other engine of SpeechRecognition, by its own defaults."""

    def __init__(self, engine: str, language: str) -> None:
        """Look the engine up."""
        try:
            import speech_recognition
        except ImportError as error:
            raise SpeechError(
                "recognition needs SpeechRecognition; install it with: pip install SpeechRecognition"
            ) from error
        self._library: Any = speech_recognition
        self._recognize = getattr(speech_recognition.Recognizer(), f"recognize_{engine}", None)
        if self._recognize is None:
            names = [name.removeprefix("recognize_") for name in dir(speech_recognition.Recognizer)]
            engines = ", ".join(name for name in names if hasattr(speech_recognition.Recognizer, f"recognize_{name}"))
            raise SpeechError(f"there is no recognition engine {engine!r}; choose one of: {engines}")
        self._engine = engine
        self._locale = language if "whisper" in engine else LOCALES[language]

    def recognize(self, audio: Audio) -> Heard:
        """The words of `audio`; no confidence."""
        sound = self._library.AudioData(_pcm(audio.at(SPEECH_RATE).samples), SPEECH_RATE, SAMPLE_BYTES)
        assert self._recognize is not None
        try:
            text = self._recognize(sound, language=self._locale)
        except self._library.UnknownValueError:
            return Heard("")
        except Exception as error:  # each engine raises its own
            reason = str(error) or type(error).__name__
            raise SpeechError(f"recognition engine {self._engine} failed: {reason}; see its documentation") from error
        return Heard(str(text).strip())


def _pcm(samples: Samples) -> bytes:
    return (samples.clip(-1.0, 1.0) * 32767).astype("<i2").tobytes()


def _language_model(phrases: Sequence[str], known: set[str]) -> str:
    """An ARPA language model over the phrases' words that the dictionary pronounces."""
    from pocketsphinx.lm import ArpaBoLM

    sentences = [[word for word in re.findall(r"[a-z']+", phrase.lower()) if word in known] for phrase in phrases]
    text = "\n".join(f"<s> {' '.join(words)} </s>" for words in sentences if words)
    if not text:
        raise SpeechError("the lesson holds no word that sphinx can pronounce; set another engine, such as vosk")
    model, written = ArpaBoLM(text=text), StringIO()
    model.compute()
    model.write(written)
    return written.getvalue()
