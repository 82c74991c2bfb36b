"""Prints what was measured of voice and motion beside what must be seen, and draws it."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

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
from phied_robot.robots.physics import Physics
from phied_robot.speech.synthesis import LANGUAGES

SWAY_SECONDS = 180.0

RULES = {
    "sway: correlation with loudness": ("above 0.5", lambda value: value > 0.5),
    "sway: lag (ms)": ("below 60", lambda value: value < 60),
    "targets outside the box": ("0", lambda value: value == 0),
    "targets dropped": ("0", lambda value: value == 0),
    "jerk, part of its bound": ("at most 1", lambda value: value <= 1.001),
    "following error (degrees)": ("reported", lambda value: True),
}
"""Measures that must hold at every point of the scale."""


def run(seconds: float, count: int, chart: Path | None, console: Console) -> int:
    """Measure, print and draw; 0 when everything that must be seen is seen, else 1."""
    columns: dict[str, list[Values]] = {}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("voice", total=len(POINTS) * (len(LANGUAGES) + 1))
        for language in LANGUAGES:
            columns[f"voice, {language}"] = []
            for point in POINTS:
                columns[f"voice, {language}"].append(measure_voice(language, point, count))
                progress.advance(task)
        columns["motion"] = []
        for point in POINTS:
            progress.update(task, description=f"motion at {point:g}")
            columns["motion"].append(
                {**measure_motion(point, seconds), **measure_sway(point, min(seconds, SWAY_SECONDS), Physics().step)}
            )
            progress.advance(task)
    seen = [_print(title, values, console) for title, values in columns.items()]
    if chart:
        _draw(columns, chart)
        console.print(f"chart: {chart}", markup=False)
    return 0 if all(seen) else 1


def _print(title: str, values: Sequence[Values], console: Console) -> bool:
    table = Table("measure", *(f"{point:g}" for point in POINTS), "must be", "seen", title=title)
    thresholds = MOTION if title == "motion" else VOICE
    rows = [_threshold_row(threshold, values) for threshold in thresholds]
    rows += [_rule_row(measure, values) for measure in RULES if measure in values[0]]
    for cells, seen in rows:
        table.add_row(*cells, "yes" if seen else "NO", style="" if seen else "bold red")
    console.print(table)
    return all(seen for _, seen in rows)


def _threshold_row(threshold: Threshold, values: Sequence[Values]) -> tuple[list[str], bool]:
    row = [value[threshold.measure] for value in values]
    seen = monotone(row) and threshold.reached(row[0], row[-1])
    return [threshold.measure, *(f"{value:.1f}" for value in row), f"monotone, {threshold.says}"], seen


def _rule_row(measure: str, values: Sequence[Values]) -> tuple[list[str], bool]:
    says, holds = RULES[measure]
    row = [value[measure] for value in values]
    return [measure, *(f"{value:.2f}" for value in row), says], all(map(holds, row))


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
