"""The arguments of `phied bag`."""

import argparse
from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_command, add_parts, running

EXAMPLES = """\
examples:
  phied bag info bags/monday                       what the tutor was, and what was recorded
  phied bag turns bags/monday                      every turn, and how long each stage took
  phied bag plot bags/monday --output pictures     joints, loudness and latency as PNG

A bag is a folder of rosbag2, or its mcap or sqlite3 file alone; one that was cut short is read to its last message.
"""


def add_to(commands: Any) -> None:
    """Add `bag` to the commands of `phied`."""
    parser = add_command(
        commands,
        "bag",
        says="look at a recorded run: what it holds, its turns, pictures",
        description="Look at a recorded run. No ROS is needed.",
        examples=EXAMPLES,
    )
    parts = add_parts(parser)
    _part(parts, "info", "what the tutor was, and what was recorded")
    _part(parts, "turns", "every turn, and how long each stage took")
    plot = _part(parts, "plot", "joints, loudness and latency as PNG")
    plot.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the pictures")


def _part(parts: Any, name: str, says: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = parts.add_parser(name, help=says, description=f"{says.capitalize()}.")
    parser.add_argument("bag", type=Path, metavar="BAG", help="folder of a bag, mcap or sqlite3")
    parser.set_defaults(run=running("bag", name))
    return parser
