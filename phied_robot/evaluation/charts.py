"""The report's pictures, as PNG."""

import io
from collections.abc import Sequence
from typing import Any

from phied_robot.evaluation.results import Report, Share, StrategyResult
from phied_robot.evaluation.strategy import MODEL
from phied_robot.pedagogy.strategies import BY_LABEL

DOTS_PER_INCH = 130
COLOURS = ("#2f6f9f", "#d1793b", "#5b9a4d", "#8a63a8", "#b5484f", "#6b6b6b")
PALE = "#b9b9b9"


def charts(reports: Sequence[Report]) -> dict[str, bytes]:
    """PNG by the names that the tables' sections give; those without data are missing."""
    import matplotlib

    matplotlib.use("Agg")
    drawn = {}
    named = [(report.model, report.strategy) for report in reports if report.strategy]
    if named:
        drawn["strategy"] = _strategy(named)
        drawn["reliability"] = _reliability(named)
        drawn["confusion"] = _confusion(named)
    if any(report.personality for report in reports):
        drawn["personality"] = _personality(reports)
    return drawn


def _predictors(named: Sequence[tuple[str, StrategyResult]]) -> list[tuple[str, Any, str]]:
    """Name, scores and colour: the models, then the baselines of the first report."""
    models = [(name, result.predictors[MODEL]) for name, result in named]
    baselines = [(name, scores) for name, scores in named[0][1].predictors.items() if name != MODEL]
    greys = (PALE, "#7d7d7d")
    return [(name, scores, COLOURS[number % len(COLOURS)]) for number, (name, scores) in enumerate(models)] + [
        (name, scores, greys[number % 2]) for number, (name, scores) in enumerate(baselines)
    ]


def _strategy(named: Sequence[tuple[str, StrategyResult]]) -> bytes:
    predictors = _predictors(named)
    figure, axes = _figure(7, 1.2 + 0.45 * len(predictors))
    for place, (_name, scores, colour) in enumerate(predictors):
        share: Share = scores.accepted
        axes.barh(place, share.value, color=colour)
        axes.plot([share.low, share.high], [place, place], color="black", linewidth=1)
    axes.set_yticks(range(len(predictors)), [name for name, _scores, _colour in predictors])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("choices that some teacher made")
    return _png(figure)


def _reliability(named: Sequence[tuple[str, StrategyResult]]) -> bytes:
    figure, axes = _figure(5, 4.6)
    axes.plot([0, 1], [0, 1], color=PALE, linestyle="--", linewidth=1)
    for name, scores, colour in _predictors(named):
        confidences = [one.confidence for one in scores.bins]
        agreements = [one.agreement for one in scores.bins]
        sizes = [12 + 120 * one.number / named[0][1].contexts for one in scores.bins]
        axes.plot(confidences, agreements, color=colour, label=name, linewidth=1.3)
        axes.scatter(confidences, agreements, sizes, color=colour)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence of the choice")
    axes.set_ylabel("teachers who chose the same")
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def _confusion(named: Sequence[tuple[str, StrategyResult]]) -> bytes:
    from matplotlib.figure import Figure

    labels = list(BY_LABEL)
    figure = Figure(figsize=(4.4 * len(named) + 1.8, 4.9), layout="constrained")
    all_axes = figure.subplots(1, len(named), squeeze=False, sharey=True)[0]
    for axes, (name, result) in zip(all_axes, named, strict=True):
        confusion = result.predictors[MODEL].confusion
        counts = [[confusion.get(row, {}).get(column, 0) for column in labels] for row in labels]
        shares = [[100 * count / max(1, sum(row)) for count in row] for row in counts]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for row, values in enumerate(shares):
            for column, value in enumerate(values):
                if counts[row][column]:
                    colour = "white" if value > 55 else "black"
                    axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color=colour)
        axes.set_xticks(range(len(labels)), [label.replace("_", " ") for label in labels], rotation=60, ha="right")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("the model")
    rows = [f"{label.replace('_', ' ')} ({_total(named[0][1], label)})" for label in labels]
    all_axes[0].set_yticks(range(len(labels)), rows)
    all_axes[0].set_ylabel("a teacher (choices)")
    return _png(figure)


def _total(result: StrategyResult, label: str) -> int:
    return sum(result.predictors[MODEL].confusion.get(label, {}).values())


def _personality(reports: Sequence[Report]) -> bytes:
    series = [
        (f"{report.model}, {result.language}", result.effects)
        for report in reports
        for result in report.personality or ()
    ]
    cues = list(dict.fromkeys(effect.cue for _name, effects in series for effect in effects))
    figure, axes = _figure(7, 1.4 + 0.32 * len(cues) * max(1, 0.6 * len(series)))
    axes.axvspan(-0.5, 0.5, color="#f0f0f0")
    axes.axvline(0, color=PALE, linewidth=1)
    for number, (name, effects) in enumerate(series):
        shift = 0.7 * ((number + 0.5) / len(series) - 0.5)
        shown = [effect for effect in effects if effect.d is not None]
        places = [cues.index(effect.cue) + shift for effect in shown]
        colour = COLOURS[number % len(COLOURS)]
        axes.hlines(places, [one.low for one in shown], [one.high for one in shown], color=colour, linewidth=1.3)
        axes.scatter([one.d for one in shown], places, color=colour, s=22, label=name, zorder=3)
    axes.set_yticks(range(len(cues)), cues)
    axes.set_ylim(len(cues) - 0.4, -0.6)
    axes.set_xlabel("more in introvert answers   ←   Cohen's d   →   more in extravert answers")
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()
