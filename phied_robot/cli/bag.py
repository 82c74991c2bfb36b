"""`phied bag`: what a recorded run holds, its turns, and pictures of it."""

import argparse
import statistics
from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from phied_robot.cli.view import STAGES
from phied_robot.personality import manner
from phied_robot.replay.errors import BagError
from phied_robot.replay.pictures import draw
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import Run
from phied_robot.topics import TOPICS

Part = Callable[[Run, argparse.Namespace, Console], None]


def run(part: str, options: argparse.Namespace) -> int:
    """Show one part. Exit code 0: done; 2: the bag cannot be read, said in a sentence."""
    console = Console(highlight=False)
    parts: dict[str, Callable[[Run, argparse.Namespace, Console], None]] = {
        "info": _info,
        "turns": _turns,
        "plot": _plot,
    }
    try:
        recorded = Run(Bag(options.bag))
        if recorded.bag.cut_short:
            console.print(recorded.bag.cut_short, style="yellow", markup=False, soft_wrap=True)
        parts[part](recorded, options, console)
    except BagError as error:
        console.print(str(error), style="bold red", markup=False, soft_wrap=True)
        return 2
    return 0


def _info(recorded: Run, _options: argparse.Namespace, console: Console) -> None:
    bag = recorded.bag
    began = datetime.fromtimestamp(bag.first / 1e9)
    console.print(f"{bag.path}: {bag.storage}, {began:%Y-%m-%d %H:%M:%S}, {bag.seconds:.1f} s", markup=False)
    if session := recorded.session:
        who = f"lesson {session.lesson}, age {session.age}, {session.language}, {session.pupil}"
        console.print(f"{who}, {manner(session.extraversion)} ({session.extraversion:+.2g})", markup=False)
    console.print(f"turns: {len(recorded.turns)}")
    console.print(_configuration(recorded))
    table = Table("topic", "messages", "refused", "says")
    for name, number in sorted(bag.counts.items()):
        table.add_row(bag.prefix + name, str(number), str(recorded.refused[name] or ""), TOPICS[name].says)
    for name, number in sorted(bag.others.items()):
        table.add_row(escape(name), str(number), "", "[dim]not of the tutor[/dim]")
    console.print(table)


def _configuration(recorded: Run) -> Table:
    table = Table("node", "version", "parameters and fingerprints")
    for node, one in sorted(recorded.configuration.items()):
        lines = [f"{name}: {value}" for name, value in one.parameters.items() if value not in ("", [""])]
        lines += [f"prompt version {one.prompt_version}"] if one.prompt_version else []
        lines += [f"{name} sha256 {digest}" for name, digest in one.fingerprints.items()]
        table.add_row(node, one.package_version, escape("\n".join(lines)))
    return table


def _turns(recorded: Run, _options: argparse.Namespace, console: Console) -> None:
    table = Table("", "heard", "strategy", "answer", "gestures", "seconds", show_lines=True)
    seconds: dict[str, list[float]] = {name: [] for name, _ in STAGES}
    for number, turn in enumerate(recorded.turns, start=1):
        if (end := turn.end) is None:
            heard = turn.transcript.final if turn.transcript else ""
            table.add_row(str(number), escape(heard), "", "[yellow]cut short[/yellow]", "", "")
            continue
        for name, values in seconds.items():
            values += [end.timings[name]] if name in end.timings else []
        answer = escape(end.answer) if end.status == "done" else f"[yellow]{end.status}[/yellow] {escape(end.reason)}"
        timings = "\n".join(f"{says} {end.timings[name]:.2f}" for name, says in STAGES if name in end.timings)
        gestures = escape("\n".join(end.gestures))
        table.add_row(str(number), escape(end.heard[:200]), end.strategy, answer, gestures, timings)
    console.print(table)
    latency = Table("stage", "turns", "median (s)", "longest (s)")
    for name, says in STAGES:
        if values := seconds[name]:
            latency.add_row(says, str(len(values)), f"{statistics.median(values):.2f}", f"{max(values):.2f}")
    console.print(latency)


def _plot(recorded: Run, options: argparse.Namespace, console: Console) -> None:
    with console.status("the pictures are drawn"):
        pictures = draw(recorded)
    if not pictures:
        raise BagError(
            f"the bag {recorded.bag.path} holds neither joints nor an ended turn, so there is nothing to draw"
        )
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            path = options.output / f"{name}.png"
            path.write_bytes(picture)
            console.print(str(path), markup=False, soft_wrap=True)
    except OSError as error:
        raise BagError(f"the pictures cannot be written into {options.output}: {error.strerror}") from error
