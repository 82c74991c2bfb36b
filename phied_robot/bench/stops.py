"""Stops at random moments: how soon there is silence, how soon the robot stands still, and how it goes back."""

import random
import time
from collections.abc import Callable
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from phied_robot.bench.checks import Check, at_most
from phied_robot.bench.expression import OCCASIONS, POINTS
from phied_robot.bench.sentences import sentences
from phied_robot.bench.stage import Stage
from phied_robot.expression.motion import HALT_SECONDS
from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.expression.personalities import scale
from phied_robot.expression.rehearsal import Rehearsal
from phied_robot.robots.pose import NEUTRAL, Joints
from phied_robot.robots.safe_boxes import step_towards
from phied_robot.speech.synthesis import voice_opener

BOUND_MS = 100.0
SETTLED = 1.0
"""Degrees around the place where the head stays, inside which it counts as still."""
LARGEST_STEP = 3.0
"""Degrees from one report to the next that are no jump."""
AT_HOME = 0.2
"""Degrees: what the deadbands of head and body leave."""
RETURN_SECONDS = 2.0
SILENCE_SECONDS = 0.15
"""How long the voice is watched after a stop."""


def stops_in_motion(
    count: int, robot: Callable[[], Callable[[Joints], Joints]], advance: Callable[[], None]
) -> list[Check]:
    """Stop `count` times at each point of the scale, by a clock of its own.

    `robot` makes a robot, which takes a target and says where it is a tick later; `advance` is called at every stop.
    """
    moments = random.Random(1)
    still, back, home = [], [], []
    for point in POINTS:
        rehearsal, voice = Rehearsal(scale().at(point), robot=_driven(robot())), voice_opener()("en")
        for text, occasion in islice(zip(cycle(sentences("en")), cycle(OCCASIONS), strict=False), count):
            speech = voice.speak(text, scale().at(point).voice)
            rehearsal.say(speech, occasion, opens=True, cut=moments.uniform(0.1, speech.audio.duration))
            stopped = len(rehearsal.reported) - 1
            rehearsal.wait(HALT_SECONDS)
            head = np.degrees(np.array(rehearsal.reported[stopped:])[:, 3:6])
            moving = np.linalg.norm(head - head[-1], axis=1) > SETTLED
            still.append(1000 * TICK_SECONDS * (np.flatnonzero(moving).max(initial=-1) + 1))
            rehearsal.wait(RETURN_SECONDS)
            back.append(_turned(rehearsal.reported[stopped:]).max())
            home.append(np.degrees(np.abs(np.subtract(rehearsal.targets[-1], NEUTRAL))[3:6]).max())
            advance()
    return [
        at_most("robot still after (ms), worst", BOUND_MS, float(max(still))),
        at_most("largest step back to neutral (degrees a tick)", LARGEST_STEP, float(max(back))),
        at_most("from neutral at its end (degrees)", AT_HOME, float(max(home))),
    ]


def stops_in_speech(count: int, advance: Callable[[], None]) -> list[Check]:
    """Stop the voice `count` times, in real time; `advance` is called at every stop."""
    moments = random.Random(2)
    silent = []
    with Stage(scale().at(0.0)) as stage:
        for text in islice(cycle(sentences("en")), count):
            stage.say(text)
            stage.wait_until_began()
            time.sleep(moments.uniform(0.0, 1.0))
            stopped = time.monotonic()
            stage.stop()
            stage.wait_until_ended()
            time.sleep(SILENCE_SECONDS)
            silent.append(1000 * (stage.last_sound() - stopped))
            advance()
    return [at_most("voice silent after (ms), worst", BOUND_MS, max(silent))]


def _driven(robot: Callable[[Joints], Joints]) -> Callable[[Joints], Joints]:
    """A robot whose targets go no faster than the driver lets them."""
    sent = NEUTRAL

    def step(target: Joints) -> Joints:
        nonlocal sent
        sent = step_towards(sent, target, TICK_SECONDS)
        return robot(sent)

    return step


def _turned(path: list[Joints]) -> NDArray[np.float64]:
    """Degrees that the head turns from each pose to the next."""
    return np.asarray(np.linalg.norm(np.diff(np.degrees(np.array(path)[:, 3:6]), axis=0), axis=1))
