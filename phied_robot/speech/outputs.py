"""Where sound goes: an audio device, or nowhere, at the pace of one."""

import contextlib
import time
from typing import Protocol

from phied_robot.speech.audio import Samples, SpeechError
from phied_robot.speech.devices import find_device, load_sounddevice


class OutputLostError(SpeechError):
    """The device has gone; what was handed over is lost with it."""


class Output(Protocol):
    """Takes a sentence's samples, a little at a time, at `rate` Hz; they are heard `latency` seconds later.

    Every method but `abort` raises OutputLostError when the device has gone.
    """

    rate: int
    latency: float
    description: str

    def start(self) -> None:
        """Begin a sentence."""

    def write(self, samples: Samples) -> None:
        """Take what comes next, float32 of shape (n,), as soon as there is room for it."""

    def stop(self) -> None:
        """Return when the sentence was heard."""

    def abort(self) -> None:
        """Be silent at once."""


class SilentOutput:
    """No device: time passes as with one."""

    latency = 0.0

    def __init__(self, description: str, rate: int = 22_050) -> None:
        """Take samples at `rate` Hz; `description` says why there is no sound."""
        self.description = description
        self.rate = rate
        self.start()

    def start(self) -> None:
        """Begin a sentence."""
        self._due = time.monotonic()

    def write(self, samples: Samples) -> None:
        """Wait as long as the samples would sound."""
        self._due += len(samples) / self.rate
        time.sleep(max(0.0, self._due - time.monotonic()))

    def stop(self) -> None:
        """Nothing is left to be heard."""

    def abort(self) -> None:
        """Nothing is left to be heard."""


class DeviceOutput:
    """An audio device at its own sampling rate."""

    BUFFER_S = 0.06
    """Enough for a thread that is late by two hops, and little enough to be silent within 100 ms."""

    def __init__(self, device: str) -> None:
        """Open the device called "default", or by a part of its name, or by its index.

        Raises:
            SpeechError: there is no such device, or it cannot be opened.
        """
        self._sounddevice = load_sounddevice()
        index, self._name, self.rate = find_device(device, "output")
        try:
            self._stream = self._sounddevice.OutputStream(
                device=index, channels=1, samplerate=self.rate, dtype="float32", latency=self.BUFFER_S
            )
        except self._sounddevice.PortAudioError as error:
            raise SpeechError(f"audio device {self._name!r} cannot be opened ({error}); choose another") from error
        self.latency = float(self._stream.latency)
        self.description = f"sound goes to {self._name}"

    def start(self) -> None:
        """Begin a sentence."""
        self._tell("start")

    def write(self, samples: Samples) -> None:
        """Hand over the samples when there is room for them."""
        self._tell("write", samples)

    def stop(self) -> None:
        """Return when the buffer was heard."""
        self._tell("stop")

    def abort(self) -> None:
        """Throw the buffer away."""
        with contextlib.suppress(OutputLostError):
            self._tell("abort")

    def _tell(self, method: str, *arguments: Samples) -> None:
        try:
            getattr(self._stream, method)(*arguments)
        except self._sounddevice.PortAudioError as error:
            raise OutputLostError(f"audio device {self._name!r} failed ({error})") from error


def open_output(device: str) -> Output:
    """The device, or silence where "default" is asked for and there is none.

    Raises:
        SpeechError: a device that was named cannot be used.
    """
    try:
        return DeviceOutput(device)
    except SpeechError as error:
        if device != "default":
            raise
        return SilentOutput(f"no sound, only its timing: {error}")
