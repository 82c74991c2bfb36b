"""The arguments of `phied tutor`, checked before anything is started."""

import argparse
from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_adapters, add_command, running

EXAMPLES = """\
examples:
  phied tutor                                      talk in the terminal with the simulated robot
  phied tutor --text "Why do plants need sunlight?" --personality extravert
  phied tutor --audio question.wav --report report.json
  phied tutor --record bags/monday                 keep all topics in a bag, to look at or to run again
  phied tutor --lesson my_lesson.yaml --age 9      your own lesson; see docs/lessons.md
  phied tutor --robot reachy-mini.local            a real robot
  phied tutor --model Mortadha/Phi-Ed-25072024     Phi-Ed in place of the bundled demo model
  phied tutor --server http://192.168.1.20:8000/v1     the school's server; the demo model steps in

in the terminal:
  /help, /lesson NAME, /personality NAME, /stop, /pause, /resume, /quit
"""


def add_to(commands: Any) -> None:
    """Add `tutor` to the commands of `phied`."""
    parser = add_command(
        commands,
        "tutor",
        says="a tutoring conversation in the terminal, with a simulated or a real robot",
        description="A tutoring conversation. Starts the tutor's nodes, and the simulated robot where one is wanted.",
        examples=EXAMPLES,
    )
    _add_options(parser)
    parser.set_defaults(run=running("tutor"))


def parser() -> argparse.ArgumentParser:
    """A parser of these options alone, for programs that start a tutor themselves."""
    alone = argparse.ArgumentParser(prog="phied tutor")
    _add_options(alone)
    return alone


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--text", action="append", default=[], metavar="T", help="ask this and exit (repeatable, asked in order)"
    )
    parser.add_argument(
        "--audio",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.wav",
        help="hear this recording and exit (repeatable; a pause of 0.6 s ends a question)",
    )
    parser.add_argument(
        "--personality",
        type=extraversion,
        default=0.0,
        metavar="P",
        help="introvert, neutral, extravert, or a number from -1 to 1 (default: neutral)",
    )
    parser.add_argument("--language", choices=("en", "fr", "de"), default="en", help="language (default: en)")
    parser.add_argument(
        "--lesson",
        default="plants",
        metavar="L",
        help="plants, water_cycle, fractions, or the path of a lesson file (default: plants)",
    )
    parser.add_argument("--age", type=_age, default=8, metavar="N", help="age of the child, 3 to 12 (default: 8)")
    parser.add_argument(
        "--model",
        default="demo",
        metavar="M",
        help="demo, a folder, or a hub id; a full model or an adapter (default: demo, the small bundled model)",
    )
    parser.add_argument(
        "--server",
        default="",
        metavar="URL",
        help="an OpenAI-compatible server with the adapters as models (docs/remote.md); "
        "--model answers while it cannot",
    )
    add_adapters(parser)
    parser.add_argument(
        "--robot",
        default="mujoco",
        metavar="R",
        help="mujoco (simulated), mockup (without physics), none, or HOST[:PORT] of a robot (default: mujoco)",
    )
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the turns, with timings, to this file")
    parser.add_argument("--record", type=Path, metavar="DIR", help="record this run into a bag; see docs/bags.md")
    parser.add_argument(
        "--record-audio", action="store_true", help="record what the microphone hears too (with --record)"
    )
    parser.add_argument(
        "--namespace", default="/", metavar="NS", help="ROS namespace, for a second robot on one machine (default: /)"
    )


def extraversion(text: str) -> float:
    """A point of the personality scale, by the name of a preset or a number."""
    from phied_robot.expression.personalities import scale

    try:
        return scale().parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _age(text: str) -> int:
    if not text.isdecimal() or not 3 <= int(text) <= 12:
        raise argparse.ArgumentTypeError(f"age {text!r} is not a whole number from 3 to 12")
    return int(text)
