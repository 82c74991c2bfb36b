"""`phied bench faults`: tutors that are killed, stores that are cut off, starts that are interrupted."""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from phied_robot.bench import faults, interrupts, power_cuts, store_faults
from phied_robot.cli.bench_tutor import BenchTutor, bench_tutor
from phied_robot.cli.supervisor import RESTARTS

STORE = "phied_robot/sessions.sqlite"
LONGEST = 20.0
"""Seconds until the end comes: enough to start, and to be in the middle of an answer."""
TYPED = "\n".join(faults.QUESTIONS) + "\n"


def run(options: argparse.Namespace, console: Console) -> int:
    """What the options ask for; 0 when nothing was wrong."""
    if options.store:
        return run_store(options, console)
    if options.interrupts:
        return run_interrupts(options, console)
    if options.power_cuts:
        return run_power_cuts(options, console)
    return run_kills(options, console)


def run_kills(options: argparse.Namespace, console: Console) -> int:
    """The kill matrix; 0 when nothing was wrong."""
    cells = faults.cells([node for node in faults.NODES if node != "robot" or options.robot != "none"])
    plan = cells * options.repeat
    if options.cells:
        plan = random.Random(options.seed).sample(cells, min(options.cells, len(cells)))
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


def run_store(options: argparse.Namespace, console: Console) -> int:
    """Cut stores off: nine of ten moments by kill -9, one by a full disk; 0 when nothing was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="phied-store-"))
    full = max(1, options.store // 10)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("kill -9", total=options.store - full)
        path = folder / "sessions.sqlite"
        wrong = store_faults.run_kills(options.store - full, options.seed, path, lambda: progress.advance(task))
    says = f"{options.store - full} times kill -9"
    try:
        wrong += store_faults.run_full_disks_apart(full, options.seed, folder / "disk")
        says += f", {full} times a full disk"
    except OSError as error:
        console.print(str(error), style="yellow", markup=False)
    for sentence in wrong:
        console.print(sentence, style="bold red", markup=False)
    console.print(f"{says}: {len(wrong) or 'nothing'} wrong", markup=False)
    shutil.rmtree(folder)
    return 1 if wrong else 0


def run_power_cuts(options: argparse.Namespace, console: Console) -> int:
    """Kill -9 of everything at random moments of a lesson; 0 when the store was whole each time."""
    folder = Path(tempfile.mkdtemp(prefix="phied-power-cuts-"))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("kill -9 of everything", total=options.power_cuts)
        told, wrong = power_cuts.run(
            _tutor(options),
            TYPED,
            options.power_cuts,
            LONGEST,
            options.seed,
            folder,
            lambda: progress.advance(task),
        )
    for sentence in wrong:
        console.print(f"{sentence}; see {folder}", style="bold red", markup=False)
    console.print(
        f"{options.power_cuts} times kill -9 of everything, {told} turns done: {len(wrong) or 'nothing'} wrong"
    )
    if not wrong:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def run_interrupts(options: argparse.Namespace, console: Console) -> int:
    """Ctrl-C at random moments, from the first instant to the middle of an answer; 0 when every end was clean."""
    folder = Path(tempfile.mkdtemp(prefix="phied-interrupts-"))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Ctrl-C", total=options.interrupts)
        done = interrupts.run(
            _tutor(options), TYPED, options.interrupts, LONGEST, options.seed, folder, lambda: progress.advance(task)
        )
    for one in done:
        if not one.clean:
            console.print(f"Ctrl-C after {one.after:.1f} s: {one}", style="bold red", markup=False)
    took = sorted(one.took for one in done)
    clean = sum(one.clean for one in done)
    console.print(
        f"{clean} of {len(done)} ended clean within {interrupts.CLEAN_SECONDS:g} s; "
        f"median {took[len(took) // 2]:.1f} s, longest {took[-1]:.1f} s"
    )
    if options.json:
        interrupts.write_json(done, options.json)
    if clean == len(done):
        shutil.rmtree(folder)
    return 0 if clean == len(done) else 1


def _tutor(options: argparse.Namespace) -> list[str]:
    return [sys.executable, "-m", "phied_robot.cli.main", "tutor", "--robot", options.robot]


def _question(path: Path) -> Path:
    """A spoken question, with enough silence before it that a kill finds speech input at work."""
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), faults.QUESTIONS[0]], check=True)
    return path
