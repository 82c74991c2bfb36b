"""Sound in memory, and its way from and to WAV files."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPEECH_RATE = 16_000
"""Samples a second that voice activity and recognition take."""

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000

Samples = NDArray[np.float32]


class SpeechError(RuntimeError):
    """Speech cannot go on; the text is one sentence that says what is wrong and what to do."""


@dataclass(frozen=True)
class Audio:
    """Mono sound: float32 samples of shape (n,) in -1..1, `rate` of them a second."""

    samples: Samples
    rate: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> "Audio":
        """The same sound at another sampling rate (band-limited, soxr)."""
        if rate == self.rate:
            return self
        import soxr  # type: ignore[import-untyped]

        return Audio(soxr.resample(self.samples, self.rate, rate).astype(np.float32), rate)


def read_wav(path: Path | str) -> Audio:
    """Read a WAV file of any sampling rate, sample width and number of channels; channels are averaged.

    Raises:
        SpeechError: there is no such file, it is no WAV file, or it holds no sound.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        raise SpeechError(f"there is no WAV file {path}; check the path")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        raise SpeechError(f"{path} cannot be read as a WAV file ({_reason(error)}); record it again as WAV") from error
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise SpeechError(f"{path} claims {rate} samples a second, which is no recording of speech; record it again")
    if not len(samples):
        raise SpeechError(f"{path} is a WAV file without any sound; record it again")
    mono = np.nan_to_num(samples.mean(axis=1)).clip(-1.0, 1.0)
    return Audio(mono.astype(np.float32), rate)


def write_wav(path: Path, audio: Audio) -> None:
    """Write `audio` as a WAV file of 16 bit.

    Raises:
        SpeechError: the file cannot be written.
    """
    pcm = (audio.samples.clip(-1.0, 1.0) * 32767).round().astype("<i2")
    try:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(audio.rate)
            file.writeframes(pcm.tobytes())
    except OSError as error:
        raise SpeechError(f"{path} cannot be written ({error.strerror}); choose another folder for sound") from error


def _reason(error: Exception) -> str:
    """libsndfile's reason without the path in front of it."""
    return str(getattr(error, "error_string", error)).rstrip(".")
