"""`phied bench faults`: tutors that are killed, stores that are cut off, starts that are interrupted."""

import argparse
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from phied_robot.bench import faults
from phied_robot.cli.bench_tutor import BenchTutor, bench_tutor
from phied_robot.cli.supervisor import RESTARTS

STORE = "phied_robot/sessions.sqlite"


def run_kills(options: argparse.Namespace, console: Console) -> int:
    """The kill matrix; 0 when nothing was wrong."""
    plan = faults.cells() * options.repeat
    if options.cells:
        plan = random.Random(options.seed).sample(faults.cells(), options.cells)
    if options.robot == "none":
        plan = [(node, phase) for node, phase in plan if node != "robot"]
    folder = Path(tempfile.mkdtemp(prefix="phied-faults-"))
    trials: list[faults.Trial] = []
    with Progress(console=console, transient=True) as progress, ExitStack() as stack:
        task = progress.add_task("kills", total=len(plan))
        recording = _question(folder / "question.wav")
        deaths: Counter[str] = Counter()
        tutor: BenchTutor | None = None
        for number, (node, phase) in enumerate(plan):
            if tutor is None or deaths[node] == RESTARTS:
                stack.close()
                home = folder / f"tutor-{number}"
                tutor, deaths = stack.enter_context(bench_tutor(home, options.robot)), Counter()
            deaths[node] += 1
            progress.update(task, description=f"{node}, {phase}")
            heard = Path(shutil.copy(recording, folder / f"question-{number}.wav"))
            trials.append(faults.run_trial(tutor, node, phase, heard, home / STORE))
            progress.advance(task)
            for wrong in trials[-1].wrong:
                console.print(f"{node}, {phase}: {wrong}; see {home}", style="bold red", markup=False)
            if trials[-1].wrong:
                stack.close()
                tutor = None
    console.print(faults.table(trials))
    if options.json:
        faults.write_json(trials, options.json)
    good = all(not trial.wrong for trial in trials)
    if good:
        shutil.rmtree(folder)
    return 0 if good else 1


def _question(path: Path) -> Path:
    """A spoken question, with enough silence before it that a kill finds speech input at work."""
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), faults.QUESTIONS[0]], check=True)
    return path
