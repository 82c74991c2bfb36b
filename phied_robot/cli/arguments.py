"""What the command lines of `phied` share."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any


def add_command(commands: Any, name: str, *, says: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A command with examples, printed as they are, below its help; `says` stands in the list of commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=says,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_parts(parser: argparse.ArgumentParser) -> Any:
    """Let a command have commands of its own."""
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def running(module: str, *first: str) -> Callable[[argparse.Namespace], int]:
    """Hand over to `run(*first, options)` of a module in this folder, which is imported only then."""

    def run(options: argparse.Namespace) -> int:
        return int(import_module(f"phied_robot.cli.{module}").run(*first, options))

    return run


def whole_number(text: str) -> int:
    """A number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def add_adapters(parser: argparse.ArgumentParser) -> None:
    """The adapters of a model; without them those that lie beside it are taken."""
    parser.add_argument("--strategy-adapter", default="", metavar="DIR", help="adapter that chooses strategies")
    parser.add_argument("--response-adapter", default="", metavar="DIR", help="adapter that answers")
