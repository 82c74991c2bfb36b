"""The arguments of `phied bench`."""

import argparse
from pathlib import Path
from typing import Any

EXAMPLES = """\
examples:
  phied bench expression                            20 sentences a language, 5 minutes of motion at each point
  phied bench expression --seconds 30 --sentences 5 --chart expression.png
  phied bench expression --only stops               one part, here 200 stops at random moments
  phied bench expression --only memory --seconds 1800
"""
PARTS = {
    "voice": "what is heard at five points of the scale",
    "motion": "what the simulated joints do at five points of the scale",
    "stops": "200 stops: silence, a still robot, the way back",
    "restarts": "the daemon killed 20 times during speech",
    "timing": "ticks, first sound and pauses, alone and while the demo model answers",
    "memory": "of voice, motion and driver during a long speech",
}


def add_to(commands: Any) -> None:
    """Add `bench` to the commands of `phied`."""
    parser = commands.add_parser("bench", help="measured comparisons", description="Measured comparisons.")
    parts = parser.add_subparsers(title="benches", metavar="BENCH", required=True)
    expression = parts.add_parser(
        "expression",
        help="voice and motion over the personality scale",
        description="Measures voice (Praat) and motion (MuJoCo), part by part; exit code 1 when something that must be "
        "seen is not.\n\nparts:\n" + "\n".join(f"  {part:10}{says}" for part, says in PARTS.items()),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    expression.add_argument(
        "--seconds",
        type=float,
        default=300.0,
        metavar="S",
        help="of speech while motion or memory is measured (default: 300)",
    )
    expression.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS], metavar="PART", help="(default: all)")
    expression.add_argument(
        "--sentences", type=int, default=20, choices=range(1, 21), metavar="N", help="a language (default: 20)"
    )
    expression.add_argument("--chart", type=Path, metavar="FILE.png", help="draw the measures")
    expression.set_defaults(run=_expression)


def _expression(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.expression_report import run

    return run(options.only, options.seconds, options.sentences, options.chart, Console(highlight=False, width=140))
