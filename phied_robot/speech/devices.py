"""The machine's audio devices, through PortAudio."""

from typing import Any, Literal, NamedTuple

from phied_robot.speech.audio import SpeechError

Kind = Literal["input", "output"]


ROBOT = "robot"
ROBOT_SOUND_CARD = "Reachy Mini Audio"
"""What the robot's sound card calls itself (the maker's media package looks for this name)."""


class Device(NamedTuple):
    """An audio device: PortAudio's number, its name, and its own sampling rate in Hz."""

    number: int
    name: str
    rate: int


def list_devices(kind: Kind) -> list[str]:
    """The names of the machine's audio devices of that kind.

    Raises:
        SpeechError: sounddevice or PortAudio is missing.
    """
    channels = f"max_{kind}_channels"
    return [str(device["name"]) for device in load_sounddevice().query_devices() if device[channels] > 0]


def find_device(device: str, kind: Kind) -> Device:
    """The device called "default", "robot" (its sound card), or by a part of its name, or by its index.

    Raises:
        SpeechError: there is no such device; the text lists those there are.
    """
    sounddevice = load_sounddevice()
    device = ROBOT_SOUND_CARD if device == ROBOT else device
    wanted = None if device == "default" else int(device) if device.isdecimal() else device
    try:
        found = sounddevice.query_devices(wanted, kind)
    except (sounddevice.PortAudioError, ValueError) as error:
        named = f"default {kind} device" if device == "default" else f"{kind} device {device!r}"
        raise SpeechError(f"there is no {named}; {those_there(kind)}") from error
    return Device(int(found["index"]), str(found["name"]), int(found["default_samplerate"]))


def those_there(kind: Kind) -> str:
    """The end of a sentence about a device that cannot be used: what to choose instead."""
    names = list_devices(kind)
    return f"choose one of: {', '.join(names)}" if names else f"this machine has no {kind} device"


def load_sounddevice() -> Any:
    """The sounddevice module.

    Raises:
        SpeechError: it, or PortAudio, is missing.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise SpeechError(
            f"sound needs sounddevice and PortAudio ({error}); "
            "install them with: pip install sounddevice; sudo apt install libportaudio2"
        ) from error
    return sounddevice
