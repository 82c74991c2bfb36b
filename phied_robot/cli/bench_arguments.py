"""The arguments of `phied bench`."""

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """\
examples:
  phied bench expression                            20 sentences a language, 5 minutes of motion at each point
  phied bench expression --seconds 30 --sentences 5 --chart expression.png
"""

LLM_EXAMPLES = """\
examples:
  phied bench llm                                   the bundled demo model
  phied bench llm --random phi3-mini --json llm.json --chart llm.png
  phied bench llm --exact                           are the engine's tokens those of transformers? (some 15 minutes)
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
    _add_llm(parts)


def _add_llm(parts: Any) -> None:
    llm = parts.add_parser(
        "llm",
        help="the language model beside the seed guide's recipe",
        description="Measures the seed guide's recipe (bitsandbytes, PEFT's set_adapter, transformers' generate) and "
        "this package's engine on the same model, in one run.",
        epilog=LLM_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    models = llm.add_mutually_exclusive_group()
    models.add_argument("--model", default="demo", metavar="M", help="demo, a folder, or a hub id (default: demo)")
    models.add_argument(
        "--random", choices=("phi3-mini",), help="random weights of this shape, made on the spot (2.3 GB of disk)"
    )
    llm.add_argument("--strategy-adapter", default="", metavar="DIR", help="as of `phied tutor`")
    llm.add_argument("--response-adapter", default="", metavar="DIR", help="as of `phied tutor`")
    llm.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"), help="default: auto")
    llm.add_argument("--tokens", type=int, default=64, metavar="N", help="decoded to know the rate (default: 64)")
    llm.add_argument("--json", type=Path, metavar="FILE.json", help="write the figures")
    llm.add_argument("--chart", type=Path, metavar="FILE.png", help="draw them")
    llm.add_argument(
        "--exact",
        action="store_true",
        help="compare greedy tokens with those of transformers' generate instead: 50 prompts by both adapters from "
        "several states of the caches, then 1,000 turns with random cancels; exit code 1 when one differs",
    )
    llm.set_defaults(run=_llm)


def _llm(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.llm_report import run

    return run(options, Console(highlight=False, width=140))


def _expression(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.expression_report import run

    return run(options.seconds, options.sentences, options.chart, Console(highlight=False, width=140))
