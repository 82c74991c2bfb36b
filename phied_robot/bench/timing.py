"""Voice and motion against the clock: ticks, the first sound of an answer, and the pauses between its sentences."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import cycle

import numpy as np

from phied_robot.bench.answering import model_answers, two_cores
from phied_robot.bench.checks import Check, at_most
from phied_robot.bench.sentences import sentences
from phied_robot.bench.stage import Stage
from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.expression.personalities import scale

COLUMNS = ("alone", "model answering")
BOUNDS = {
    "tick jitter (ms), 99th percentile": 5.0,
    "first sound after a sentence's arrival (ms), worst": 150.0,
    "pause from what was intended (ms), worst": 30.0,
}


def measure_timing(seconds: float, advance: Callable[[], None]) -> list[Check]:
    """Speak answers of three sentences for so long, alone and while the demo model answers on the same two cores."""
    columns = []
    with two_cores():
        for beside in (nullcontext(), model_answers()):
            with beside:
                columns.append(_speak(seconds))
            advance()
    return [at_most(measure, BOUNDS[measure], *(column[measure] for column in columns)) for measure in BOUNDS]


def _speak(seconds: float) -> dict[str, float]:
    personality = scale().at(1.0)
    first, apart = [], []
    with Stage(personality) as stage:
        until, number = time.monotonic() + seconds, 0
        texts = cycle(sentences("en"))
        while time.monotonic() < until:
            number += 1
            came, ended = time.monotonic(), 0.0
            answer = [next(texts) for _ in range(3)]
            for text in answer:
                stage.say(text, f"turn {number}")
            for text in answer:
                began = stage.wait_until_began()
                if text is answer[0]:
                    first.append(1000 * (began - came))
                else:
                    apart.append(1000 * abs(began - ended - personality.voice.pause))
                ended = stage.wait_until_ended()
        lateness = 1000 * np.abs(np.diff(stage.ticks) - TICK_SECONDS)
    return dict(zip(BOUNDS, (float(np.percentile(lateness, 99)), max(first), max(apart)), strict=True))
