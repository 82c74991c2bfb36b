"""Measures voice and motion over the personality scale: Praat hears the voice, MuJoCo reports the joints."""

import math
from collections.abc import Callable, Sequence
from itertools import cycle, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from phied_robot.bench.sentences import sentences
from phied_robot.expression.limiter import max_jerk
from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.expression.personalities import scale
from phied_robot.expression.rehearsal import Rehearsal
from phied_robot.robots.physics import Physics
from phied_robot.robots.pose import Joints
from phied_robot.robots.safe_boxes import clamp, from_body
from phied_robot.speech.audio import Audio
from phied_robot.speech.synthesis import voice_opener

POINTS = (-1.0, -0.5, 0.0, 0.5, 1.0)
OCCASIONS = ("direct_instruction", "socratic_questioning", "confirmation", "scaffolding")
LOWEST_PITCH, HIGHEST_PITCH = 50.0, 300.0
SHOWN_ANTENNA = 0.035
"""Radians that an antenna opens beyond its rest while a gesture is shown; nothing else moves it during speech."""
LONGEST_LAG = 20
"""Ticks by which motion may follow the voice in the search for the lag of the best correlation."""
SMOOTHED = 15
"""Ticks over which loudness and speed of the head are averaged before they are compared: a syllable or two."""

Values = dict[str, float]


class Threshold(NamedTuple):
    """How far a measure must be from the introvert's end to the extravert's, rising or falling all the way."""

    measure: str
    says: str
    reached: Callable[[float, float], bool]


VOICE = (
    Threshold("F0 (semitones)", "at least 3 apart", lambda first, last: last - first >= 3),
    Threshold("F0 range (semitones)", "rising", lambda first, last: last > first),
    Threshold("intensity (dB)", "at least 5 apart", lambda first, last: last - first >= 5),
    Threshold("words a minute", "at least 12 % apart", lambda first, last: last >= 1.12 * first),
    Threshold("pause (ms)", "at least 2 times", lambda first, last: first >= 2 * last),
)
MOTION = (
    Threshold("amplitude (degrees)", "at least 2 times", lambda first, last: last >= 2 * first),
    Threshold("gestures a minute", "at least 2 times", lambda first, last: last >= 2 * first),
    Threshold("mean speed (degrees/s)", "at least 1.8 times", lambda first, last: last >= 1.8 * first),
)


def monotone(values: list[float]) -> bool:
    """Whether the values rise all the way or fall all the way."""
    steps = [later - earlier for earlier, later in pairwise(values)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def measure_voice(language: str, point: float, count: int) -> Values:
    """Means over `count` sentences in a language: pitch and its range, intensity, rate, and the pause."""
    voice, settings = voice_opener()(language), scale().at(point).voice
    heard, words, seconds = [], 0, 0.0
    for text in sentences(language)[:count]:
        audio = voice.speak(text, settings).audio
        heard.append(_heard(audio))
        words += len(text.split())
        seconds += audio.duration
    pitch, excursion, intensity = np.mean(heard, axis=0)
    return {
        "F0 (semitones)": float(pitch),
        "F0 range (semitones)": float(excursion),
        "intensity (dB)": float(intensity),
        "words a minute": 60 * words / seconds,
        "pause (ms)": 1000 * settings.pause,
    }


def _heard(audio: Audio) -> tuple[float, float, float]:
    """Mean F0 in semitones above 100 Hz, from its 10th to its 90th percentile, and intensity in dB, by Praat."""
    import parselmouth

    sound: Any = parselmouth.Sound(audio.samples.astype(np.float64), audio.rate)
    frequencies = sound.to_pitch(pitch_floor=LOWEST_PITCH, pitch_ceiling=HIGHEST_PITCH).selected_array["frequency"]
    semitones = 12 * np.log2(frequencies[frequencies > 0] / 100)
    low, high = np.percentile(semitones, (10, 90))
    return float(semitones.mean()), float(high - low), float(sound.get_intensity())


def measure_motion(point: float, seconds: float) -> Values:
    """What MuJoCo's joints do while the robot speaks for so long, and whether the rules of motion are kept."""
    physics = Physics()
    rehearsal = _speech(point, seconds, sentences("en"), physics.step)
    targets, reported = np.array(rehearsal.targets), np.array(rehearsal.reported)
    jerk = np.abs(np.diff([from_body(target) for target in rehearsal.targets], n=3, axis=0)) / TICK_SECONDS**3
    head = np.degrees(reported[:, 3:6])
    return {
        "amplitude (degrees)": float(np.mean(np.percentile(head, 97.5, axis=0) - np.percentile(head, 2.5, axis=0)) / 2),
        "gestures a minute": 60 * shown(reported[:, 8]) / rehearsal.now,
        "mean speed (degrees/s)": float(_head_speed(rehearsal).mean()),
        "following error (degrees)": math.degrees(float(np.sqrt(np.mean((targets - reported)[:, 3:6] ** 2)))),
        "targets outside the box": float(sum(clamp(target)[1] for target in rehearsal.targets)),
        "targets dropped": float(physics.dropped),
        "jerk, part of its bound": float(np.max(jerk.max(axis=0) / np.array(max_jerk(TICK_SECONDS)))),
    }


def measure_sway(point: float, seconds: float, robot: Callable[[Joints], Joints]) -> Values:
    """How the speed of the robot's head, gestures and all, follows the loudness of sentences it was not tuned on."""
    rehearsal = _speech(point, seconds, sentences("unheard"), robot)
    correlation, lag = follows(np.array(rehearsal.loudness)[1:], _head_speed(rehearsal))
    return {"sway: correlation with loudness": correlation, "sway: lag (ms)": lag}


def _speech(point: float, seconds: float, texts: Sequence[str], robot: Callable[[Joints], Joints]) -> Rehearsal:
    """A rehearsal of answers of three sentences each."""
    personality, voice = scale().at(point), voice_opener()("en")
    rehearsal = Rehearsal(personality, robot=robot)
    for number, text in enumerate(cycle(texts)):
        if rehearsal.now >= seconds:
            break
        rehearsal.say(voice.speak(text, personality.voice), OCCASIONS[number % len(OCCASIONS)], opens=number % 3 == 0)
    return rehearsal


def _head_speed(rehearsal: Rehearsal) -> NDArray[np.float64]:
    """Degrees a second from each report to the next."""
    head = np.degrees(np.array(rehearsal.reported)[:, 3:6])
    return np.asarray(np.linalg.norm(np.diff(head, axis=0), axis=1) / TICK_SECONDS)


def shown(antenna: NDArray[np.float64]) -> int:
    """How many gestures an antenna's positions (rad) show: how often it opens."""
    opened = np.abs(antenna - antenna[0]) > SHOWN_ANTENNA
    return int(np.sum(opened[1:] & ~opened[:-1]))


def follows(loudness: NDArray[np.float64], speed: NDArray[np.float64]) -> tuple[float, float]:
    """The best correlation of the head's speed with the loudness, and the lag (ms) at which it is found."""
    kernel = np.ones(SMOOTHED) / SMOOTHED
    heard, moved = (np.convolve(values, kernel, mode="same") for values in (loudness, speed))
    correlations = [float(np.corrcoef(heard[: len(heard) - lag], moved[lag:])[0, 1]) for lag in range(LONGEST_LAG)]
    best = int(np.argmax(correlations))
    return correlations[best], 1000 * best * TICK_SECONDS
