"""Frames of sound from a microphone or a WAV file: float32 of shape (512,) at 16 kHz."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from phied_robot.speech.audio import SPEECH_RATE, Samples, SpeechError, read_wav
from phied_robot.speech.devices import find_device, list_devices, load_sounddevice, those_there
from phied_robot.speech.voice_activity import FRAME, FRAME_S

__all__ = ["list_devices", "microphone", "wav_frames"]

NO_FRAMES_S = 2.0
BLOCKS_A_SECOND = 31
QUEUED_BLOCKS = 3 * BLOCKS_A_SECOND
"""What a reader leaves lying for longer than this is lost."""


def microphone(device: str = "default") -> Iterator[Samples]:
    """Frames from a microphone, until the caller stops asking.

    Raises:
        SpeechError: there is no such device, it cannot be opened, or nothing came from it for two seconds.
    """
    sounddevice = load_sounddevice()
    index, name, rate = find_device(device, "input")
    blocks: queue.Queue[Samples] = queue.Queue(QUEUED_BLOCKS)

    def keep(block: Samples, _frames: int, _time: object, _status: object) -> None:
        if not blocks.full():
            blocks.put_nowait(block[:, 0].copy())

    try:
        with sounddevice.InputStream(
            device=index,
            channels=1,
            samplerate=rate,
            dtype="float32",
            blocksize=rate // BLOCKS_A_SECOND,
            callback=keep,
        ):
            yield from _resampled(blocks, rate, name)
    except sounddevice.PortAudioError as error:
        raise SpeechError(f"microphone {name!r} cannot be used ({error}); {those_there('input')}") from error


def _resampled(blocks: "queue.Queue[Samples]", rate: int, name: str) -> Iterator[Samples]:
    import soxr  # type: ignore[import-untyped]

    resampler = soxr.ResampleStream(rate, SPEECH_RATE, 1, dtype="float32")
    waiting = np.empty(0, np.float32)
    while True:
        try:
            block = blocks.get(timeout=NO_FRAMES_S)
        except queue.Empty:
            silent = f"no sound has come from microphone {name!r} for {NO_FRAMES_S:g} s"
            raise SpeechError(f"{silent}; {those_there('input')}") from None
        waiting = np.concatenate([waiting, resampler.resample_chunk(block)])
        while len(waiting) >= FRAME:
            yield waiting[:FRAME]
            waiting = waiting[FRAME:]


def wav_frames(path: Path | str, *, paced: bool = False) -> Iterator[Samples]:
    """Frames of a WAV file, the last one filled up with silence; `paced`: no faster than a microphone.

    Raises:
        SpeechError: as read_wav.
    """
    samples = read_wav(path).at(SPEECH_RATE).samples
    samples = np.pad(samples, (0, -len(samples) % FRAME))
    began = time.monotonic()
    for number, start in enumerate(range(0, len(samples), FRAME), start=1):
        if paced:
            time.sleep(max(0.0, began + number * FRAME_S - time.monotonic()))
        yield samples[start : start + FRAME]
