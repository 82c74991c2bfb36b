"""A long speech with gestures and a robot: do voice, motion and driver grow? The whole tutor is `bench endurance`."""

import gc
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

from phied_robot.bench.checks import Check, at_most, reported
from phied_robot.bench.sentences import sentences
from phied_robot.bench.stage import Stage
from phied_robot.expression.personalities import scale
from phied_robot.robots.reachy_mini import ReachyMiniClient
from phied_robot.robots.simulator import Kind, Simulator, free_port

SETTLED = 0.3
"""The part of the time after which growth is looked for: until then caches fill and pages are touched for once."""
HALF_AN_HOUR = 1800.0
GROWTH_MB = 3.0
"""In half an hour: some 2 % of what the process holds, and what the sampling of a short run leaves in doubt."""


def measure_memory(seconds: float, kind: Kind, log: Path, advance: Callable[[float], None]) -> list[Check]:
    """Speak for so long, and weigh this process after every sentence.

    `log` gets what the daemon prints; `advance` is told the seconds that have passed.

    Raises:
        SimulatorError: the daemon cannot be started.
    """
    simulator = Simulator(kind, free_port(), log)
    client = ReachyMiniClient(simulator.address, on_state=lambda _: None, on_connection=lambda _: None)
    process, began = psutil.Process(), time.monotonic()
    times, sizes = [], []
    simulator.start()
    client.start()
    try:
        with Stage(scale().at(1.0), client.send) as stage:
            for number, text in enumerate(cycle(sentences("en"))):
                stage.say(text, f"turn {number // 3}")
                stage.wait_until_began()
                stage.wait_until_ended()
                # What the bench itself keeps is not what is looked for.
                stage.tape.taken.clear()
                stage.ticks.clear()
                gc.collect()
                times.append(time.monotonic() - began)
                sizes.append(process.memory_info().rss / 1e6)
                advance(times[-1])
                if times[-1] >= seconds:
                    break
    finally:
        client.close()
        simulator.stop()
    late = int(SETTLED * len(times))
    slope = float(np.polyfit(times[late:], sizes[late:], 1)[0]) if len(times) - late > 1 else 0.0
    return [
        reported("minutes spoken", times[-1] / 60),
        reported("memory at the end (MB)", sizes[-1]),
        at_most("growth in 30 minutes (MB)", GROWTH_MB, HALF_AN_HOUR * slope),
    ]
