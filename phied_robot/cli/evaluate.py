"""`phied evaluate`: measures models one after the other and writes the report."""

import argparse
import gc
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from phied_robot.evaluation.evaluate import Data, evaluate, read_data
from phied_robot.evaluation.rendering import write_pages
from phied_robot.evaluation.results import Report, read_report, write_report
from phied_robot.evaluation.subject import load_tutor
from phied_robot.language_model.sources import ModelError, ModelSource, resolve
from phied_robot.pedagogy.lessons import LessonError
from phied_robot.training.data.files import DataError

Item = TypeVar("Item")


def run(options: argparse.Namespace) -> int:
    """Measure and write. Exit code 0: done; 2: something cannot be used, said in a sentence; 130: interrupted."""
    try:
        _evaluate(options, Console())
    except (DataError, LessonError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; the parts that were measured are in {options.output}", file=sys.stderr)
        return 130
    return 0


def _evaluate(options: argparse.Namespace, console: Console) -> None:
    # Everything that can be wrong is looked at before the first model runs for minutes.
    source = resolve(options.model, options.strategy_adapter, options.response_adapter)
    others = [_other(name) for name in options.compare]
    data = read_data(options.data)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{options.output} cannot be made: {error.strerror}") from error

    reports: list[Report] = []
    for name, model in [(_name(options), source), *zip(options.compare, others, strict=True)]:
        path = options.output / (f"report{len(reports) + 1}.json" if reports else "report.json")
        reports.append(model if isinstance(model, Report) else _measure(name, model, data, options, path, console))
    write_pages(reports, options.output)
    for note in (note for one in reports for note in one.notes):
        console.print(f"note: {note}")
    console.print(f"report: {options.output / 'report.html'}, report.md and report.json")


def _other(name: str) -> Report | ModelSource:
    return read_report(Path(name)) if name.endswith(".json") else resolve(name)


def _name(options: argparse.Namespace) -> str:
    adapters = [Path(one).name for one in (options.strategy_adapter, options.response_adapter) if one]
    return " + ".join([options.model, *adapters])


def _measure(
    name: str, source: ModelSource, data: Data, options: argparse.Namespace, path: Path, console: Console
) -> Report:
    console.print(f"{name}: loading")
    loading = load_tutor(source, options.device)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:

        def track(items: Sequence[Item], says: str) -> Iterable[Item]:
            return progress.track(items, description=f"{name}: {says}")

        report = evaluate(
            name,
            loading,
            data,
            parts=options.parts,
            examples=options.examples,
            seed=options.seed,
            track=track,
            after_part=lambda found: write_report(found, path),
        )
    del loading
    gc.collect()  # the next model needs the memory
    return report
