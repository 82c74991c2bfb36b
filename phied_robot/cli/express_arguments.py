"""The arguments of `phied express`."""

from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_command, running
from phied_robot.cli.tutor_arguments import extraversion

EXAMPLES = """\
examples:
  phied express --personality extravert --out look
  phied express --personality -0.5 --gesture encouragement --say "You are close, try once more." --out look
  phied express --language fr --gesture greeting --say "" --out look     a gesture without a word

writes into the folder: speech.wav, motion.png (the joints against the loudness), motion.gif (the simulated robot)
"""


def add_to(commands: Any) -> None:
    """Add `express` to the commands of `phied`."""
    parser = add_command(
        commands,
        "express",
        says="look at a gesture and listen to a sentence at any point of the personality scale",
        description="Speaks a sentence and shows a gesture, by a clock of its own and without a robot.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--personality",
        type=extraversion,
        default=0.0,
        metavar="P",
        help="introvert, neutral, extravert, another preset, or a number from -1 to 1 (default: neutral)",
    )
    parser.add_argument("--say", metavar="TEXT", help="the sentence (default: one of a lesson)")
    parser.add_argument("--language", choices=("en", "fr", "de"), default="en", help="language (default: en)")
    parser.add_argument(
        "--gesture",
        default="direct_instruction",
        metavar="G",
        help="a teaching strategy, or greeting, goodbye, attention, listening, thinking, sleep "
        "(default: direct_instruction)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which of several moves is shown (default: 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for what is written")
    parser.set_defaults(run=running("express"))
