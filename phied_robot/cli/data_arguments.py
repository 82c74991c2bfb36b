"""The arguments of `phied data`."""

import argparse
from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_command, add_parts, running, whole_number

FORMATS = ("bridge", "cima", "mathdial", "fairytaleqa", "gsm8k-socratic", "csv", "jsonl")

EXAMPLES = """\
examples:
  phied data import bridge downloads/bridge --output data/bridge.jsonl
  phied data import csv my_examples.csv --output data/mine.jsonl
  phied data check data/bridge.jsonl data/mine.jsonl
  phied data split data/bridge.jsonl data/mine.jsonl --output data/split
  phied data stats data/split/train.jsonl
  phied data preview data/split/train.jsonl --model demo

An example is one line of JSON; 'phied data schema' prints its JSON Schema, docs/training_data.md explains it.
"""


def add_to(commands: Any) -> None:
    """Add `data` to the commands of `phied`."""
    parser = add_command(
        commands,
        "data",
        says="training data: import, check, split, look at it",
        description="Training data for both adapters.",
        examples=EXAMPLES,
    )
    parts = add_parts(parser)
    _add_import(parts)
    _add_check(parts)
    _add_split(parts)
    _add_stats(parts)
    _add_preview(parts)
    schema = parts.add_parser("schema", help="print the JSON Schema of an example")
    schema.set_defaults(run=running("data", "schema"))


def _add_import(parts: Any) -> None:
    parser = parts.add_parser(
        "import",
        help="turn a public data set, or a table of one's own, into examples",
        description="Read the published files of a data set as they are, or JSONL, or a CSV table whose columns carry "
        "the names of the fields, and write examples.",
    )
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("path", type=Path, metavar="PATH", help="the file, or the folder that holds the files")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.jsonl", help="where the examples go")
    parser.set_defaults(run=running("data", "import_"))


def _add_check(parts: Any) -> None:
    parser = parts.add_parser(
        "check",
        help="find what is wrong with examples; exit code 1 when there are errors",
        description="Errors: nothing to learn from an example, too long, personal data, a leak. Warnings: duplicates, "
        "another language, too hard for the age group, a manner that is named instead of shown, unbalanced labels.",
    )
    _add_files(parser)
    _add_against(parser, "evaluation data that these examples must not hold; each leak is an error")
    parser.add_argument("--model", metavar="M", help="count tokens with this model's tokenizer (default: estimate)")
    parser.add_argument(
        "--show", type=whole_number, default=3, metavar="N", help="findings shown of each kind (default: 3)"
    )
    parser.set_defaults(run=running("data", "check"))


def _add_split(parts: Any) -> None:
    parser = parts.add_parser(
        "split",
        help="divide examples into train, validation and test without leaks",
        description="Keeps a conversation, an input, and examples that are nearly the same on one side, and gives "
        "each part its share of every task, language and strategy.",
    )
    _add_files(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for train.jsonl and so on")
    parser.add_argument(
        "--shares",
        type=float,
        nargs=3,
        default=(80, 10, 10),
        metavar="P",
        help="percent of train, validation and test (default: 80 10 10)",
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="another seed, another split (default: 7)")
    _add_against(parser, "evaluation data; examples that would leak it are left out")
    parser.set_defaults(run=running("data", "split"))


def _add_stats(parts: Any) -> None:
    parser = parts.add_parser("stats", help="how many examples of each kind, and how long they are")
    _add_files(parser)
    parser.set_defaults(run=running("data", "stats"))


def _add_preview(parts: Any) -> None:
    parser = parts.add_parser(
        "preview",
        help="show examples as the model will see them, the supervised text marked",
        description="Show examples as the model will see them. What is learned is green, and stands between » and «.",
    )
    _add_files(parser)
    parser.add_argument("--number", type=whole_number, default=3, metavar="N", help="examples shown (default: 3)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="another seed, other examples (default: 7)")
    parser.add_argument("--model", metavar="M", help="render with this model's template, such as demo")
    parser.set_defaults(run=running("data", "preview"))


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.jsonl", help="examples")


def _add_against(parser: argparse.ArgumentParser, purpose: str) -> None:
    parser.add_argument("--against", type=Path, action="append", default=[], metavar="FILE.jsonl", help=purpose)
