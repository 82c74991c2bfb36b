"""Turn after turn without a pause: does anything grow, and does the tutor get slower?"""

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]
from rich.table import Table

from phied_robot.messages import Turn

SETTLED = 100
"""Turns after which memory is to be flat: until then caches and histories fill."""
GROWTH, SLOWER = 0.03, 0.10
"""Most that memory may grow and latency may rise, as a share."""


class Size(NamedTuple):
    """What one process holds: resident memory (MB), threads, and open files with sockets."""

    memory: float
    threads: int
    files: int


@dataclass
class Endured:
    """One turn: how it ended, seconds from the end of speech to the first audio, and the size of every process."""

    status: str
    latency: float | None
    sizes: dict[str, Size]


class Growth(NamedTuple):
    """A process between the turns after which all has settled and the last ones (medians); `holds`: within bounds."""

    before: Size
    after: Size
    holds: bool

    @property
    def memory(self) -> float:
        """The share by which memory has grown."""
        return self.after.memory / self.before.memory - 1


def measure(processes: Mapping[str, int]) -> dict[str, Size]:
    """The sizes of processes by name."""
    sizes = {}
    for name, pid in processes.items():
        process = psutil.Process(pid)
        with process.oneshot():
            sizes[name] = Size(process.memory_info().rss / 2**20, process.num_threads(), process.num_fds())
    return sizes


def endure(turns: int, ask: Callable[[int], Turn], processes: Callable[[], Mapping[str, int]]) -> list[Endured]:
    """Ask so many questions, each when the turn before has ended, and measure after every one."""
    endured = []
    for number in range(turns):
        turn = ask(number)
        endured.append(Endured(turn.status, turn.timings.get("speech_to_first_audio"), measure(processes())))
    return endured


def growths(endured: Sequence[Endured]) -> dict[str, Growth]:
    """How every process has grown, by name."""
    settled = endured[min(SETTLED, len(endured) // 2) :]
    tenth = max(1, len(settled) // 10)
    grown = {}
    for name in settled[0].sizes:
        before, after = (_median([turn.sizes[name] for turn in part]) for part in (settled[:tenth], settled[-tenth:]))
        flat = after.memory <= before.memory * (1 + GROWTH)
        grown[name] = Growth(before, after, flat and after.threads <= before.threads and after.files <= before.files)
    return grown


def latencies(endured: Sequence[Endured]) -> tuple[float, float]:
    """Median seconds to the first audio in the first hundred turns and in the last (or half as many as there are)."""
    span = min(100, max(1, len(endured) // 2))
    parts = (endured[:span], endured[-span:])
    first, last = ([turn.latency for turn in part if turn.latency is not None] for part in parts)
    return statistics.median(first), statistics.median(last)


def report(endured: Sequence[Endured]) -> tuple[Table, bool]:
    """The table, and whether everything that must be seen is seen."""
    table = Table("process", "memory (MB)", "grown", "threads", "files, sockets", "seen", title=f"{len(endured)} turns")
    good = True
    for name, growth in growths(endured).items():
        before, after = growth.before, growth.after
        table.add_row(
            name,
            f"{before.memory:.1f} to {after.memory:.1f}",
            f"{growth.memory:+.1%}",
            f"{before.threads} to {after.threads}",
            f"{before.files} to {after.files}",
            "yes" if growth.holds else "NO",
            style="" if growth.holds else "bold red",
        )
        good = good and growth.holds
    first, last = latencies(endured)
    steady = last <= first * (1 + SLOWER)
    done = sum(turn.status == "done" for turn in endured)
    rows = [
        ("latency (s)", f"{first:.2f} to {last:.2f}", f"{last / first - 1:+.1%}", steady),
        ("turns done", f"{done} of {len(endured)}", "", done == len(endured)),
    ]
    for name, says, grown, holds in rows:
        table.add_row(name, says, grown, "", "", "yes" if holds else "NO", style="" if holds else "bold red")
    return table, good and steady and done == len(endured)


def write_json(endured: Sequence[Endured], path: Path) -> None:
    """Every turn with every size."""
    path.write_text(json.dumps([asdict(turn) for turn in endured]) + "\n", encoding="utf-8")


def draw(endured: Sequence[Endured], path: Path) -> None:
    """Memory of every process, against its size when all had settled, and latency, over the turns."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (memory, latency) = pyplot.subplots(2, 1, figsize=(10, 7), sharex=True)
    series: dict[str, list[float]] = defaultdict(list)
    for turn in endured:
        for name, size in turn.sizes.items():
            series[name].append(size.memory)
    base = min(SETTLED, len(endured) // 2)
    for name, values in series.items():
        memory.plot([100 * (value / values[base] - 1) for value in values], label=name)
    memory.axhline(100 * GROWTH, color="grey", linestyle="--")
    memory.set_ylabel(f"memory against turn {base} (%)")
    memory.set_ylim(-15, 10)
    memory.legend(fontsize="x-small", ncols=2)
    latency.plot([float("nan") if turn.latency is None else turn.latency for turn in endured], linewidth=0.7)
    latency.set_ylabel("end of speech to first audio (s)")
    latency.set_xlabel("turn")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _median(sizes: Sequence[Size]) -> Size:
    return Size(
        statistics.median(size.memory for size in sizes),
        round(statistics.median(size.threads for size in sizes)),
        round(statistics.median(size.files for size in sizes)),
    )
