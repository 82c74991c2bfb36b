"""`phied`: reads the command line and hands over; heavy imports wait until a command runs."""

import argparse
import sys
from collections.abc import Sequence

from phied_robot import __version__
from phied_robot.cli import (
    bag_arguments,
    bench_arguments,
    data_arguments,
    evaluate_arguments,
    express_arguments,
    model_arguments,
    replay_arguments,
    train_arguments,
    tutor_arguments,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `phied`. Exit code 0: done; 1: a turn was refused or failed; 2: a wrong setting, said in one sentence."""
    parser = argparse.ArgumentParser(
        prog="phied",
        description="A Reachy Mini that tutors a child: it listens, chooses how to teach, answers, speaks and moves.",
        epilog="Try: phied tutor",
    )
    parser.add_argument("--version", action="version", version=f"phied_robot {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    tutor_arguments.add_to(commands)
    express_arguments.add_to(commands)
    bag_arguments.add_to(commands)
    replay_arguments.add_to(commands)
    data_arguments.add_to(commands)
    train_arguments.add_to(commands)
    evaluate_arguments.add_to(commands)
    model_arguments.add_to(commands)
    bench_arguments.add_to(commands)
    options = parser.parse_args(arguments)
    sys.exit(options.run(options))


if __name__ == "__main__":
    main()
