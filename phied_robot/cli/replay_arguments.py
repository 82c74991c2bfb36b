"""The arguments of `phied replay`."""

import argparse
import math
from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_command, running

EXAMPLES = """\
examples:
  phied replay bags/monday                         what was said then is said again, as fast as the tutor answers
  phied replay bags/monday --rate 1                at the recorded pace
  phied replay bags/monday --from strategies       answer anew, with the strategies that were chosen then
  phied replay bags/monday --compare               exit code 1 if anything differs beyond the tolerances
  phied replay bags/monday --compare --response-adapter runs/new --output reports/new
  phied replay test/bags/* --compare               several bags, the model loaded once
"""


def add_to(commands: Any) -> None:
    """Add `replay` to the commands of `phied`."""
    parser = add_command(
        commands,
        "replay",
        says="say again to the tutor what was said to it in a recorded run, and compare",
        description="Says again to the tutor what was said to it in a recorded run; records what comes of it.",
        examples=EXAMPLES,
    )
    parser.add_argument("bags", nargs="+", type=Path, metavar="BAG", help="folder of a bag, mcap or sqlite3")
    parser.add_argument(
        "--from",
        dest="stage",
        choices=("audio", "transcripts", "strategies"),
        default="transcripts",
        help="where the recording enters: sound, what was heard, or the strategies too (default: transcripts)",
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        metavar="N",
        help="at N times the recorded pace (default: each turn waits for the end of the one before)",
    )
    parser.add_argument(
        "--robot", choices=("none", "mujoco"), default="none", help="a simulated robot, or none (default: none)"
    )
    parser.add_argument("--model", default="", metavar="M", help="another model than the recorded one")
    parser.add_argument("--strategy-adapter", default="", metavar="DIR", help="another adapter that chooses strategies")
    parser.add_argument("--response-adapter", default="", metavar="DIR", help="another adapter that answers")
    parser.add_argument("--compare", action="store_true", help="report what differs, turn by turn; exit code 0 or 1")
    parser.add_argument(
        "--tolerances",
        type=Path,
        metavar="FILE.yaml",
        help="what counts as a difference (default: config/replay_tolerances.yaml)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="new folder for the bag of the replay, and the report (default: in the state folder)",
    )
    parser.set_defaults(run=running("replay"))


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0.01 <= rate <= 100:
        raise argparse.ArgumentTypeError(f"rate {text!r} is not a number from 0.01 to 100")
    return rate
