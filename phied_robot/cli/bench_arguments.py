"""The arguments of `phied bench`."""

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """\
examples:
  phied bench expression                            20 sentences a language, 5 minutes of motion at each point
  phied bench expression --seconds 30 --sentences 5 --chart expression.png
"""


def add_to(commands: Any) -> None:
    """Add `bench` to the commands of `phied`."""
    parser = commands.add_parser("bench", help="measured comparisons", description="Measured comparisons.")
    parts = parser.add_subparsers(title="benches", metavar="BENCH", required=True)
    expression = parts.add_parser(
        "expression",
        help="voice and motion over the personality scale",
        description="Measures voice (Praat) and motion (MuJoCo) at five points of the scale; exit code 1 when "
        "something that must be seen is not.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    expression.add_argument(
        "--seconds", type=float, default=300.0, metavar="S", help="of speech while motion is measured (default: 300)"
    )
    expression.add_argument(
        "--sentences", type=int, default=20, choices=range(1, 21), metavar="N", help="a language (default: 20)"
    )
    expression.add_argument("--chart", type=Path, metavar="FILE.png", help="draw the measures")
    expression.set_defaults(run=_expression)


def _expression(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.expression_report import run

    return run(options.seconds, options.sentences, options.chart, Console(highlight=False, width=140))
