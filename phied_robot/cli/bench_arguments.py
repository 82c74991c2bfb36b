"""The arguments of `phied bench`."""

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """\
examples:
  phied bench expression                            20 sentences a language, 5 minutes of motion at each point
  phied bench expression --seconds 30 --sentences 5 --chart expression.png
"""

TRAIN_EXAMPLES = """\
examples:
  phied bench train                                          the demo model, our own examples, some minutes on a CPU
  phied bench train --data data/split --task strategy --json train.json --chart train.png
  phied bench train --random phi3-mini --data data/split     on a GPU: random weights cost the same time and memory
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
    _add_train(parts)


def _add_train(parts: Any) -> None:
    train = parts.add_parser(
        "train",
        help="training beside the seed guide's recipe",
        description="Trains an adapter by the seed guide's recipe (examples padded, prompts learned too) and by ours, "
        "once over the same examples, and measures speed, memory and what was learned.",
        epilog=TRAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    models = train.add_mutually_exclusive_group()
    models.add_argument("--model", default="demo", metavar="M", help="demo, a folder, or a hub id (default: demo)")
    models.add_argument("--random", choices=("phi3-mini",), help="random weights of this shape, made on the spot")
    train.add_argument("--task", choices=("strategy", "response"), default="response", help="(default: response)")
    train.add_argument("--data", type=Path, metavar="DIR", help="what 'phied data split' wrote (default: our own)")
    train.add_argument("--examples", type=int, default=128, metavar="N", help="to learn from (default: 128)")
    train.add_argument("--json", type=Path, metavar="FILE.json", help="write the figures")
    train.add_argument("--chart", type=Path, metavar="FILE.png", help="draw them")
    train.set_defaults(run=_train)


def _expression(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.expression_report import run

    return run(options.seconds, options.sentences, options.chart, Console(highlight=False, width=140))


def _train(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.training_report import run

    return run(options, Console(highlight=False))
