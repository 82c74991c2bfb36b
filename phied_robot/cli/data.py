"""`phied data`: runs a command on training data and shows what comes of it."""

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from phied_robot.language_model.sources import ModelError
from phied_robot.training.data.check import Finding, check, estimated_tokens
from phied_robot.training.data.examples import DataError, Example, json_schema, read_located, write_examples
from phied_robot.training.data.importers import IMPORTERS
from phied_robot.training.data.preview import rendered, token_counts
from phied_robot.training.data.splits import NAMES, find_leaks, split
from phied_robot.training.data.statistics import statistics

BAR = 30
"""Characters of the longest bar."""
STYLES = {"error": "red", "warning": "yellow"}


def run(command: str, options: argparse.Namespace) -> int:
    """Run one command. Exit code 0: done; 1: `check` found errors; 2: something cannot be used, said in a sentence."""
    try:
        return COMMANDS[command](options, Console())
    except (DataError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2


def _import(options: argparse.Namespace, console: Console) -> int:
    number = write_examples(IMPORTERS[options.format](options.path), options.output)
    console.print(f"{number} examples from {options.format} in {options.output}")
    return 0


def _check(options: argparse.Namespace, console: Console) -> int:
    located = _read(options.files)
    against = [example for _place, example in _read(options.against)]
    tokens = partial(token_counts, tokenizer=_tokenizer(options.model)) if options.model else estimated_tokens
    with console.status(f"checking {len(located)} examples"):
        findings = check([example for _place, example in located], tokens, against)
    errors = sum(finding.severity == "error" for finding in findings)
    if findings:
        _show(findings, [place for place, _example in located], options.show, console)
    console.print(f"{len(located)} examples, {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0


def _split(options: argparse.Namespace, console: Console) -> int:
    if min(options.shares) < 0 or sum(options.shares) != 100:
        raise DataError(f"the shares are {options.shares} percent, but have to be 0 or more and sum to 100")
    examples = [example for _place, example in _read(options.files)]
    against = [example for _place, example in _read(options.against)]
    with console.status(f"dividing {len(examples)} examples"):
        leaking = {leak.example for leak in find_leaks(examples, against)}
        kept = [example for number, example in enumerate(examples) if number not in leaking]
        parts = split(kept, [share / 100 for share in options.shares], options.seed)
    if leaking:
        console.print(f"{len(leaking)} examples left out: they would leak the evaluation data")
    for name in NAMES:
        path = options.output / f"{name}.jsonl"
        conversations = len({(one.source, one.conversation_id) for one in parts[name]})
        write_examples(parts[name], path)
        console.print(f"{path}: {len(parts[name])} examples of {conversations} conversations")
    return 0


def _stats(options: argparse.Namespace, console: Console) -> int:
    figures = statistics([example for _place, example in _read(options.files)])
    console.print(f"{figures.examples} examples of {figures.conversations} conversations")
    for field, counts in figures.counts.items():
        if set(counts) - {None, ""}:
            console.print(_bars(field, counts))
    table = Table("task", "outputs", "words, mean", "words, 95 %", title="length of the outputs")
    for task, lengths in figures.lengths.items():
        table.add_row(task, str(lengths.outputs), f"{lengths.mean:.1f}", f"{lengths.percentile_95:.0f}")
    console.print(table)
    return 0


def _preview(options: argparse.Namespace, console: Console) -> int:
    located = _read(options.files)
    tokenizer = _tokenizer(options.model) if options.model else None
    for place, example in random.Random(options.seed).sample(located, min(options.number, len(located))):
        read, learned = rendered(example, tokenizer)
        console.rule(f"{place}  {example.task}", align="left")
        console.print(Text(read, style="dim") + Text(f"»{learned}«", style="bold green"))
    return 0


def _schema(_options: argparse.Namespace, _console: Console) -> int:
    print(json_schema(), end="")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace, Console], int]] = {
    "import_": _import,
    "check": _check,
    "split": _split,
    "stats": _stats,
    "preview": _preview,
    "schema": _schema,
}


def _read(files: Sequence[Path]) -> list[tuple[str, Example]]:
    return [located for file in files for located in read_located(file)]


def _tokenizer(model: str) -> Any:
    from phied_robot.language_model.loading import quiet_libraries
    from phied_robot.language_model.sources import local_folder, resolve
    from phied_robot.language_model.weights import load_tokenizer

    quiet_libraries()
    return load_tokenizer(local_folder(resolve(model).base))


def _show(findings: list[Finding], places: list[str], shown: int, console: Console) -> None:
    """Each kind of finding with how often it comes, and the first of them on lines of their own."""
    kinds: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        kinds[finding.severity, finding.kind].append(finding)
    ordered = sorted(kinds.items(), key=lambda item: (item[0][0], -len(item[1])))
    table = Table("", "what", "how often")
    for (severity, kind), members in ordered:
        table.add_row(Text(severity, STYLES[severity]), kind, str(len(members)))
    console.print(table)
    for (severity, kind), members in ordered:
        console.print(Text(f"{severity}: {kind}", STYLES[severity]))
        for finding in members[:shown]:
            console.print(Text(f"  {_line(finding, places)}"), soft_wrap=True)
        if len(members) > shown:
            console.print(f"  and {len(members) - shown} more; --show {len(members)} shows all")


def _line(finding: Finding, places: list[str]) -> str:
    place = "" if finding.example is None else f"{places[finding.example]}: "
    return place + finding.detail + ("" if finding.twin is None else f" {places[finding.twin]}")


def _bars(field: str, counts: dict[Hashable, int]) -> Table:
    table = Table("", "examples", "", title=field, show_header=False, box=None, title_justify="left")
    most, total = max(counts.values()), sum(counts.values())
    for value, count in counts.items():
        name = str(value) if value not in (None, "") else "(none)"
        table.add_row(name, str(count), f"{'█' * max(1, round(BAR * count / most))} {count / total:.0%}")
    return table
