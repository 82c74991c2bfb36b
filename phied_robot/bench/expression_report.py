"""Prints what was measured of voice and motion beside what must be seen, and draws it."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from phied_robot.bench import timing
from phied_robot.bench.checks import Check, print_table
from phied_robot.bench.expression import (
    MOTION,
    POINTS,
    VOICE,
    Threshold,
    Values,
    measure_motion,
    measure_sway,
    measure_voice,
    monotone,
)
from phied_robot.bench.memory import measure_memory
from phied_robot.bench.restarts import measure_restarts
from phied_robot.bench.stops import stops_in_motion, stops_in_speech
from phied_robot.robots.physics import Physics
from phied_robot.speech.synthesis import LANGUAGES

SWAY_SECONDS = 180.0
TIMING_SECONDS = 120.0
STOPS, RESTARTS = 200, 20

RULES = {
    "sway: correlation with loudness": ("above 0.5", lambda value: value > 0.5),
    "sway: lag (ms)": ("below 60", lambda value: value < 60),
    "targets outside the box": ("0", lambda value: value == 0),
    "targets dropped": ("0", lambda value: value == 0),
    "jerk, part of its bound": ("at most 1", lambda value: value <= 1.001),
    "following error (degrees)": ("reported", lambda value: True),
}
"""Measures that must hold at every point of the scale."""


@dataclass
class _Run:
    """What every part of the bench is given; `scale` gets what the chart shows."""

    seconds: float
    sentences: int
    console: Console
    progress: Progress
    log: Path
    scale: dict[str, list[Values]] = field(default_factory=dict)

    def advance(self, title: str, total: float) -> Callable[[], None]:
        """A bar for a part of so many steps, and what to call at each."""
        task = self.progress.add_task(title, total=total)
        return lambda: self.progress.advance(task)


def run(parts: Collection[str], seconds: float, count: int, chart: Path | None, console: Console) -> int:
    """Measure, print and draw; 0 when everything that must be seen is seen, else 1."""
    with tempfile.TemporaryDirectory() as folder, Progress(console=console, transient=True) as progress:
        run = _Run(seconds, count, console, progress, Path(folder) / "daemon.log")
        seen = [measure(run) for part, measure in PARTS.items() if part in parts]
    if chart and run.scale:
        _draw(run.scale, chart)
        console.print(f"chart: {chart}", markup=False)
    return 0 if all(seen) else 1


def _voice(run: _Run) -> bool:
    advance = run.advance("voice", len(LANGUAGES) * len(POINTS))
    seen = []
    for language in LANGUAGES:
        values = run.scale[f"voice, {language}"] = []
        for point in POINTS:
            values.append(measure_voice(language, point, run.sentences))
            advance()
        seen.append(_print_scale(f"voice, {language}", VOICE, values, run.console))
    return all(seen)


def _motion(run: _Run) -> bool:
    advance = run.advance("motion", len(POINTS))
    values = run.scale["motion"] = []
    for point in POINTS:
        sway = measure_sway(point, min(run.seconds, SWAY_SECONDS), Physics().step)
        values.append({**measure_motion(point, run.seconds), **sway})
        advance()
    return _print_scale("motion", MOTION, values, run.console)


def _stops(run: _Run) -> bool:
    advance = run.advance("stops", 2 * STOPS)
    each = STOPS // len(POINTS)
    checks = stops_in_motion(each, lambda: Physics().step, advance) + stops_in_speech(STOPS, advance)
    return print_table(f"stops at {STOPS} random moments", ["measured"], checks, run.console)


def _restarts(run: _Run) -> bool:
    checks = measure_restarts(RESTARTS, "mujoco", run.log, run.advance("restarts", RESTARTS))
    return print_table(f"daemon killed {RESTARTS} times", ["measured"], checks, run.console)


def _timing(run: _Run) -> bool:
    advance = run.advance("timing", len(timing.COLUMNS))
    checks = timing.measure_timing(min(run.seconds, TIMING_SECONDS), advance)
    return print_table("timing, on two cores", timing.COLUMNS, checks, run.console)


def _memory(run: _Run) -> bool:
    task = run.progress.add_task("memory", total=run.seconds)
    checks = measure_memory(run.seconds, "mockup", run.log, lambda now: run.progress.update(task, completed=now))
    return print_table("memory", ["measured"], checks, run.console)


PARTS: dict[str, Callable[[_Run], bool]] = {
    "voice": _voice,
    "motion": _motion,
    "stops": _stops,
    "restarts": _restarts,
    "timing": _timing,
    "memory": _memory,
}


def _print_scale(title: str, thresholds: Sequence[Threshold], values: Sequence[Values], console: Console) -> bool:
    checks = [_threshold_check(threshold, values) for threshold in thresholds]
    checks += [_rule_check(measure, values) for measure in RULES if measure in values[0]]
    return print_table(title, [f"{point:g}" for point in POINTS], checks, console)


def _threshold_check(threshold: Threshold, values: Sequence[Values]) -> Check:
    row = [value[threshold.measure] for value in values]
    seen = monotone(row) and threshold.reached(row[0], row[-1])
    return Check(threshold.measure, tuple(row), f"monotone, {threshold.says}", seen)


def _rule_check(measure: str, values: Sequence[Values]) -> Check:
    says, holds = RULES[measure]
    row = tuple(value[measure] for value in values)
    return Check(measure, row, says, all(map(holds, row)))


def _draw(columns: dict[str, list[Values]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    measures = [threshold.measure for threshold in (*VOICE, *MOTION)]
    figure, panels = pyplot.subplots(2, 4, figsize=(13, 6), sharex=True)
    for measure, panel in zip(measures, panels.flat, strict=True):
        for title, values in columns.items():
            if measure in values[0]:
                panel.plot(POINTS, [value[measure] for value in values], marker="o", label=title)
        panel.set_title(measure, fontsize="medium")
        panel.grid(alpha=0.3)
        panel.legend(fontsize="x-small")
    figure.supxlabel("extraversion")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
