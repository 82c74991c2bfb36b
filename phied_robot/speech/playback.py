"""Plays sentences on an audio device, or lets their time pass where there is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phied_robot.speech.audio import Audio, SpeechError, write_wav
from phied_robot.speech.outputs import Output, OutputLostError, SilentOutput, open_output

HOP_S = 0.02
QUIETEST_DB, LOUDEST_DB = -45.0, -15.0
"""RMS of a hop, in dB of full scale, that is loudness 0 and 1: the range within a spoken sentence."""
AHEAD_S = 0.14
"""How far ahead loudness is told: what a head needs to be seen to move (smoothing, daemon, motors)."""


class Player:
    """Plays one sentence after another on the caller's thread; any thread may ask for `loudness`.

    Attributes:
        file: the WAV file of the latest sentence, where sentences are kept.
        fault: why sound does not go where it was meant to go, in one sentence; "" when it does.
    """

    def __init__(
        self, device: str = "default", keep: Path | None = None, opener: Callable[[str], Output] = open_output
    ) -> None:
        """Play on `device`: "default", "robot", a part of its name, or its index; without a default one, in silence.

        With `keep`, every sentence is also written into that folder. `opener` opens devices.

        Raises:
            SpeechError: a device that was named cannot be used, or the folder cannot be made.
        """
        self.file: Path | None = None
        self.fault = ""
        self._keep = keep
        self._kept = _kept_sentences(keep) if keep else 0
        self._opener = opener
        self._output = opener(device)
        self._loudness = 0.0

    @property
    def description(self) -> str:
        """Where the sound goes, for people."""
        kept = f"; sentences are kept in {self._keep}" if self._keep else ""
        return f"{self._output.description}{kept}"

    def play(
        self,
        audio: Audio,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_start: Callable[[], None] = lambda: None,
    ) -> bool:
        """Play `audio`; True when it was heard to its end, False within 100 ms after `cancelled()` turned true.

        `on_start` is called as the sound begins. If the device goes, the sentence goes on elsewhere; one that cannot be
        kept is spoken all the same; see `fault`.
        """
        if self._keep:
            self._keep_sentence(self._keep, audio)
        loudness = loudness_envelope(audio)
        position = 0
        while not cancelled():
            try:
                self._output.start()
                if position == 0:
                    on_start()
                for hop in self._hops(audio, position):
                    if cancelled():
                        self._output.abort()
                        return False
                    self._loudness = self._heard(loudness, position)
                    self._output.write(hop)
                    position += 1
                self._output.stop()
                return True
            except OutputLostError as lost:
                self._output = self._another(lost)
            finally:
                self._loudness = 0.0
        return False

    def _keep_sentence(self, folder: Path, audio: Audio) -> None:
        self._kept += 1
        self.file = folder / f"sentence-{self._kept:04}.wav"
        try:
            write_wav(self.file, audio)
        except SpeechError as error:
            self.file, self.fault = None, str(error)

    def loudness(self) -> float:
        """Loudness in 0..1 of what will sound in AHEAD_S; 0 when silent."""
        return self._loudness

    def _hops(self, audio: Audio, first: int) -> list[NDArray[np.float32]]:
        """What is left to play from hop `first` on, in pieces of HOP_S at the output's rate."""
        left = Audio(audio.samples[round(first * HOP_S * audio.rate) :], audio.rate).at(self._output.rate)
        hop = round(HOP_S * left.rate)
        return [left.samples[begin : begin + hop] for begin in range(0, len(left.samples), hop)]

    def _heard(self, loudness: NDArray[np.float64], written: int) -> float:
        hop = written + round((AHEAD_S - self._output.latency) / HOP_S)
        return float(loudness[hop]) if 0 <= hop < len(loudness) else 0.0

    def _another(self, lost: OutputLostError) -> Output:
        """Another place for the sound: the default device if it can be had, else none, at the same pace."""
        try:
            other = self._opener("default")
        except SpeechError as error:
            other = SilentOutput(f"no sound: {error}")
        self.fault = f"{lost}; {other.description}; restart once it is back"
        return other


def loudness_envelope(audio: Audio) -> NDArray[np.float64]:
    """Loudness in 0..1 of every hop of `audio`, shape (hops,): its RMS in dB between QUIETEST_DB and LOUDEST_DB."""
    hop = round(HOP_S * audio.rate)
    hops = np.pad(audio.samples, (0, -len(audio.samples) % hop)).reshape(-1, hop)
    decibels = 10 * np.log10(np.square(hops, dtype=np.float64).mean(axis=1) + 1e-12)
    return np.asarray((decibels - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)).clip(0.0, 1.0)


def _kept_sentences(folder: Path) -> int:
    """The highest number of a sentence in `folder`, which is made if need be: a restart writes over none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeechError(f"the folder {folder} for sound cannot be made ({error.strerror}); choose another") from error
    numbers = [path.stem.removeprefix("sentence-") for path in folder.glob("sentence-*.wav")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)
