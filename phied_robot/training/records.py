"""What a run leaves to look at: its measurements as JSONL, and the curves as a picture."""

import json
from pathlib import Path
from time import monotonic
from typing import Any

METRICS = "metrics.jsonl"
CURVES = "curves.png"
SMOOTHING = 0.9
NAMES = {
    "loss": "loss",
    "eval_loss": "validation_loss",
    "grad_norm": "gradient_norm",
    "learning_rate": "learning_rate",
    "mean_token_accuracy": "token_accuracy",
    "eval_mean_token_accuracy": "validation_token_accuracy",
    "num_tokens": "tokens",
}
"""Of what the trainer reports, what is kept, and under which name."""


class Records:
    """Appends to `metrics.jsonl` in the run's folder; each line is one step, or one evaluation."""

    def __init__(self, output: Path, step: int) -> None:
        """Begin, or go on after a step: lines beyond it are dropped, since those steps are done again."""
        self._output = output
        self._began = monotonic()
        self.lines = [line for line in read_metrics(output / METRICS) if line["step"] <= step]
        self._earlier = max((line["seconds"] for line in self.lines), default=0.0)
        self._write("w", self.lines)

    def add(self, step: int, reported: dict[str, Any]) -> dict[str, Any] | None:
        """Keep what the trainer reports after a step; gives the line, or None where there is nothing to keep."""
        kept = {NAMES[name]: float(value) for name, value in reported.items() if name in NAMES}
        if "loss" not in kept and "validation_loss" not in kept:
            return None
        line = {"step": step, "seconds": round(self._earlier + monotonic() - self._began, 3), **kept}
        line["peak_memory_gib"] = round(peak_memory_gib(), 3)
        self.lines.append(line)
        self._write("a", [line])
        return line

    def draw(self) -> None:
        """Draw the curves into `curves.png`."""
        draw_curves(self.lines, self._output / CURVES)

    def _write(self, mode: str, lines: list[dict[str, Any]]) -> None:
        with (self._output / METRICS).open(mode, encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a metrics file; none where there is no file. A last line cut off by a kill is left out."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines


def peak_memory_gib() -> float:
    """The most memory used so far: of the GPU where torch uses one, else of the process."""
    import resource

    import torch

    if torch.cuda.is_available() and (on_gpu := torch.cuda.max_memory_reserved()):
        return on_gpu / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def draw_curves(lines: list[dict[str, Any]], path: Path) -> None:
    """Draw the losses above, and the learning rate below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    training = [line for line in lines if "loss" in line]
    validation = [line for line in lines if "validation_loss" in line]
    steps = [line["step"] for line in training]
    losses.plot(steps, [line["loss"] for line in training], color="0.8", linewidth=1, label="each step")
    losses.plot(steps, _smoothed([line["loss"] for line in training]), color="tab:blue", label="training, smoothed")
    if validation:
        places = [line["step"] for line in validation]
        values = [line["validation_loss"] for line in validation]
        losses.plot(places, values, "o-", color="tab:orange", label="validation")
        best = min(range(len(values)), key=values.__getitem__)
        losses.annotate(
            f"best {values[best]:.3f}",
            (places[best], values[best]),
            xytext=(0, 12),
            textcoords="offset points",
            ha="right",
        )
    losses.set_ylabel("loss (nats a token)")
    losses.set_ylim(bottom=0)
    losses.legend()
    rates.plot(steps, [line["learning_rate"] for line in training], color="tab:green")
    rates.set_ylabel("learning rate")
    rates.set_xlabel("step")
    figure.savefig(path, dpi=120)


def _smoothed(values: list[float]) -> list[float]:
    """An exponential mean that does not begin at zero."""
    smoothed, mean, weight = [], 0.0, 0.0
    for value in values:
        mean = SMOOTHING * mean + (1 - SMOOTHING) * value
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smoothed.append(mean / weight)
    return smoothed
