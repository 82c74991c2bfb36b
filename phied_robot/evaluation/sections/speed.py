"""The section on speed and memory."""

from collections.abc import Sequence

from phied_robot.evaluation.results import Report
from phied_robot.evaluation.tables import Section, Table


def speed_section(reports: Sequence[Report]) -> Section | None:
    """The section, or None where no report has this part."""
    named = [(report.model, report.speed) for report in reports if report.speed]
    if not named:
        return None
    rows = [
        [
            model,
            speed.engine,
            f"{speed.load_seconds:.1f} s",
            f"{speed.weights:.0f} MiB",
            f"{speed.memory:.0f} MiB",
            f"{speed.choice:.0f} ms ({speed.choice_95:.0f})",
            f"{speed.first_token:.0f} ms ({speed.first_token_95:.0f})",
            f"{speed.tokens_per_second:.0f}",
        ]
        for model, speed in named
    ]
    header = ["", "computed by", "loading", "weights", "memory", "choice, median (95 %)", "first token, median (95 %)"]
    note = "One prompt after the other. Memory: the whole process with this report's libraries, or the most on the GPU."
    return Section("Speed and memory", "", [Table([*header, "tokens/s"], rows, note)])
