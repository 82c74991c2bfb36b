"""Plays sentences on an audio device, or lets their time pass where there is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from phied_robot.speech.audio import Audio, SpeechError, write_wav
from phied_robot.speech.outputs import open_output

HOP_S = 0.02
QUIETEST_DB, LOUDEST_DB = -45.0, -15.0
"""RMS of a hop, in dB of full scale, that is loudness 0 and 1: the range within a spoken sentence."""


class Player:
    """Plays one sentence after another on the caller's thread; any thread may ask for `loudness`.

    Attributes:
        file: the WAV file of the latest sentence, where sentences are kept.
    """

    def __init__(self, device: str = "default", keep: Path | None = None) -> None:
        """Play on `device`: "default", a part of its name, or its index; without a default device, in silence.

        With `keep`, every sentence is also written into that folder.

        Raises:
            SpeechError: a device that was named cannot be used, or the folder cannot be made.
        """
        self.file: Path | None = None
        self._keep = keep
        self._kept = _kept_sentences(keep) if keep else 0
        self._output = open_output(device)
        self._loudness = 0.0

    @property
    def description(self) -> str:
        """Where the sound goes, for people."""
        return (
            f"{self._output.description}; sentences are kept in {self._keep}"
            if self._keep
            else self._output.description
        )

    def play(
        self,
        audio: Audio,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_start: Callable[[], None] = lambda: None,
    ) -> bool:
        """Play `audio`; True when it was heard to its end, False within 100 ms after `cancelled()` turned true.

        `on_start` is called as the sound begins.

        Raises:
            SpeechError: the sentence cannot be written into its folder.
        """
        if self._keep:
            self._kept += 1
            self.file = self._keep / f"sentence-{self._kept:04}.wav"
            write_wav(self.file, audio)
        output = self._output
        audio = audio.at(output.rate)
        loudness = loudness_envelope(audio)
        hop = round(HOP_S * audio.rate)
        delay = round(output.latency / HOP_S)
        output.start()
        on_start()
        try:
            for number in range(len(loudness)):
                if cancelled():
                    output.abort()
                    return False
                self._loudness = float(loudness[number - delay]) if number >= delay else 0.0
                output.write(audio.samples[number * hop : (number + 1) * hop])
            output.stop()
            return True
        finally:
            self._loudness = 0.0

    def loudness(self) -> float:
        """Loudness in 0..1 at the present position; 0 when silent."""
        return self._loudness


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
