"""`phied bench endurance`: one tutor, turn after turn."""

import argparse
import shutil
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from phied_robot.bench import endurance, faults
from phied_robot.cli.bench_tutor import NothingCameError, bench_tutor
from phied_robot.messages import Turn


def run(options: argparse.Namespace, console: Console) -> int:
    """Ask without a pause, and report; 0 when nothing has grown or slowed down."""
    folder = Path(tempfile.mkdtemp(prefix="phied-endurance-"))
    with Progress(console=console, transient=True) as progress, bench_tutor(folder / "tutor", options.robot) as tutor:
        task = progress.add_task("turns", total=options.turns)

        def ask(number: int) -> Turn:
            tutor.messages.clear()
            turn_id = tutor.ask(faults.QUESTIONS[number % len(faults.QUESTIONS)])
            tutor.wait(lambda one: isinstance(one, Turn) and one.done and one.turn_id == turn_id, "the turn's end")
            progress.advance(task)
            return tutor.turns[-1]

        try:
            endured = endurance.endure(options.turns, ask, tutor.processes)
        except NothingCameError as error:
            console.print(f"turn {len(tutor.turns) + 1}: {error}; see {folder}", style="bold red", markup=False)
            return 1
    shutil.rmtree(folder)
    table, good = endurance.report(endured)
    console.print(table)
    if options.json:
        endurance.write_json(endured, options.json)
    if options.chart:
        endurance.draw(endured, options.chart)
        console.print(f"chart: {options.chart}", markup=False)
    return 0 if good else 1
