"""A bag to look at: joints and loudness over time, and how long each stage of each turn took."""

import contextlib
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from phied_robot import topics
from phied_robot.messages import Expression
from phied_robot.replay.runs import Run
from phied_robot.replay.types import typestore
from phied_robot.speech.audio import SPEECH_RATE, Audio, SpeechError, read_wav
from phied_robot.speech.playback import HOP_S, loudness_envelope

DOTS_PER_INCH = 110
PANELS = {
    "head (mm)": ("head_x", "head_y", "head_z"),
    "head (degrees)": ("head_roll", "head_pitch", "head_yaw", "body_yaw"),
    "antennas (degrees)": ("antenna_right", "antenna_left"),
}
STAGES = ("recognition", "strategy", "first_sentence", "voice")
"""What follows one after the other from the end of the child's speech to the first sound of the answer."""

Numbers = NDArray[np.float64]


class Track(NamedTuple):
    """The nine joints over time: seconds of shape (n,), and positions (m, rad) of shape (n, 9)."""

    seconds: Numbers
    positions: Numbers


class Loudness(NamedTuple):
    """Loudness in 0..1 over seconds, both of shape (n,)."""

    seconds: Numbers
    values: Numbers


def draw(run: Run) -> dict[str, bytes]:
    """PNG files by their names: motion where joints were recorded, latency where a turn has ended."""
    import matplotlib

    matplotlib.use("Agg")
    pictures = {}
    asked, reached = track(run, topics.JOINT_COMMANDS), track(run, topics.JOINT_STATES)
    if len(asked.seconds) or len(reached.seconds):
        pictures["motion"] = _motion(run, asked, reached)
    if any(turn.end and turn.end.timings for turn in run.turns):
        pictures["latency"] = _latency(run)
    return pictures


def track(run: Run, topic: topics.Topic) -> Track:
    """The joints of a topic, by name; a message that lacks one is left out."""
    seconds, positions = [], []
    for message in run.bag.messages(topic):
        joints: Any = typestore().deserialize_cdr(message.data, "sensor_msgs/msg/JointState")
        by_name = dict(zip(joints.name, joints.position.tolist(), strict=False))
        if all(name in by_name for name in topics.JOINTS):
            seconds.append(_since(run, message.stamp / 1e9))
            positions.append([by_name[name] for name in topics.JOINTS])
    return Track(np.array(seconds), np.array(positions).reshape(-1, len(topics.JOINTS)))


def loudness_of_voice(run: Run) -> Iterator[Loudness]:
    """The robot's sentences, as far as their WAV files are still there."""
    for stamp, expression in _expressions(run):
        if expression.event == "sentence_started" and expression.audio_file:
            with contextlib.suppress(SpeechError):
                yield _loudness(_since(run, stamp), read_wav(Path(expression.audio_file)))


def loudness_of_child(run: Run) -> Iterator[Loudness]:
    """What was heard, where sound was recorded."""
    for message in run.bag.messages(topics.AUDIO):
        sound: Any = typestore().deserialize_cdr(message.data, "std_msgs/msg/Int16MultiArray")
        if len(sound.data):
            samples = np.asarray(sound.data, np.float32) / np.float32(2**15)
            yield _loudness(_since(run, message.stamp / 1e9), Audio(samples, SPEECH_RATE))


def _loudness(began: float, audio: Audio) -> Loudness:
    values = loudness_envelope(audio)
    return Loudness(began + HOP_S * np.arange(len(values), dtype=np.float64), values)


def _expressions(run: Run) -> Iterator[tuple[float, Expression]]:
    for event in run.events:
        if isinstance(event.payload, Expression):
            yield event.stamp, event.payload


def _since(run: Run, stamp: float) -> float:
    return stamp - run.bag.first / 1e9


def _motion(run: Run, asked: Track, reached: Track) -> bytes:
    from matplotlib import pyplot

    figure, (voice, *panels) = pyplot.subplots(4, 1, sharex=True, figsize=(12, 9), height_ratios=(1, 1, 2, 2))
    for colour, name, sounds in (
        ("tab:gray", "robot", loudness_of_voice(run)),
        ("tab:orange", "child", loudness_of_child(run)),
    ):
        for number, sound in enumerate(sounds):
            label = {"label": name} if number == 0 else {}
            voice.fill_between(sound.seconds, sound.values, color=colour, alpha=0.6, linewidth=0, **label)
    for stamp, expression in _expressions(run):
        if expression.event in ("sentence_started", "filler"):
            began = _since(run, stamp)
            voice.axvspan(began, began + expression.duration, color="tab:gray", alpha=0.15, linewidth=0)
    voice.set(ylabel="loudness", ylim=(0, 1.05), title="grey: a sentence sounds; thin: asked, thick: reached")
    if voice.get_legend_handles_labels()[0]:
        voice.legend(loc="upper right", fontsize="small")
    for panel, (title, names) in zip(panels, PANELS.items(), strict=True):
        factor = 1000 if "mm" in title else math.degrees(1)
        for number, name in enumerate(names):
            place = topics.JOINTS.index(name)
            panel.plot(asked.seconds, factor * asked.positions[:, place], color=f"C{number}", linewidth=0.7, label=name)
            panel.plot(reached.seconds, factor * reached.positions[:, place], color=f"C{number}", linewidth=1.6)
        panel.set_ylabel(title)
        panel.legend(loc="upper right", ncols=len(names), fontsize="small")
        panel.grid(alpha=0.3)
    for stamp, expression in _expressions(run):
        if expression.event == "gesture":
            below = (_since(run, stamp), panels[1].get_ylim()[0])
            panels[1].annotate(expression.gesture, below, fontsize="x-small", color="tab:blue", rotation=30)
    panels[-1].set_xlabel("seconds since the recording began")
    return _png(figure)


def _latency(run: Run) -> bytes:
    from matplotlib import pyplot

    ended = [turn.end for turn in run.turns if turn.end and turn.end.timings]
    figure, axes = pyplot.subplots(figsize=(9, 1.4 + 0.35 * len(ended)))
    begin = np.zeros(len(ended))
    for number, stage in enumerate(STAGES):
        seconds = np.array([turn.timings.get(stage, 0.0) for turn in ended])
        axes.barh(range(len(ended)), seconds, left=begin, color=f"C{number}", label=stage.replace("_", " "))
        begin = begin + seconds
    axes.set_yticks(range(len(ended)), [f"{number}  {turn.heard[:40]}" for number, turn in enumerate(ended, start=1)])
    axes.invert_yaxis()
    axes.set_xlabel("seconds from the end of the child's speech to the first sound of the answer")
    axes.legend(fontsize="small")
    axes.grid(axis="x", alpha=0.3)
    return _png(figure)


def _png(figure: Any) -> bytes:
    from matplotlib import pyplot

    figure.tight_layout()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DOTS_PER_INCH)
    pyplot.close(figure)
    return picture.getvalue()
