"""Piper's neural voices, where its package and voice files are installed.

Rate, mean pitch, loudness and pauses follow the personality. Its pitch range cannot be set, and so does not.
"""

from pathlib import Path

import numpy as np

from phied_robot.personality import VoiceSettings
from phied_robot.speech.audio import Audio, SpeechError
from phied_robot.speech.clauses import clause_starts
from phied_robot.speech.synthesis import Speech, finished

HEADROOM_DB = 6.0
"""Piper brings every sentence to full scale; so much below, +3 dB of loudness hardly reaches the limiter."""


class PiperVoice:
    """A voice of one language, read from the first file LANGUAGE_*.onnx of a folder."""

    def __init__(self, language: str, folder: Path | None) -> None:
        """Load the voice.

        Raises:
            SpeechError: piper, the folder or a voice of that language is missing.
        """
        self.language = language
        try:
            import piper
        except ImportError as error:
            raise SpeechError("the engine piper needs its package; install it with: pip install piper-tts") from error
        files = sorted(folder.glob(f"{language}_*.onnx")) if folder else []
        if not files:
            raise SpeechError(f"there is no piper voice {language}_*.onnx in {folder}; put one there, with its .json")
        self._piper = piper
        self._voice = piper.PiperVoice.load(files[0])

    def speak(self, text: str, settings: VoiceSettings) -> Speech:
        """Speak `text` in the manner of `settings`.

        Raises:
            SpeechError: piper fails.
        """
        # Played faster than it was made, a voice is higher and shorter; so it is made longer by as much.
        ratio = 2 ** (settings.pitch_semitones / 12)
        length = ratio / settings.rate * self._voice.config.length_scale
        config = self._piper.SynthesisConfig(length_scale=length)
        try:
            chunks = list(self._voice.synthesize(text, syn_config=config))
        except (RuntimeError, ValueError) as error:
            raise SpeechError(f"piper cannot speak ({error}); shorten the sentence") from error
        if not chunks:
            return Speech(Audio(np.zeros(0, np.float32), self._voice.config.sample_rate), ())
        rate = chunks[0].sample_rate
        spoken = Audio(np.concatenate([chunk.audio_float_array for chunk in chunks]).astype(np.float32), rate)
        audio = Audio(spoken.samples, round(rate * ratio)).at(rate)
        # Piper's voices do not tell when a word begins: letters take equal times.
        clauses = [audio.duration * start / len(text) for start in clause_starts(text, self.language)]
        return finished(audio.samples, rate, settings.loudness_db - HEADROOM_DB, clauses)
