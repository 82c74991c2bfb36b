"""`phied train`: runs the recipe, and turns what can go wrong into sentences."""

import argparse
import sys

from phied_robot.language_model.sources import ModelError
from phied_robot.training import processes
from phied_robot.training.configuration import TrainingError, read_configuration
from phied_robot.training.data.examples import DataError
from phied_robot.training.recipe import train
from phied_robot.training.screen import Screen


def run(options: argparse.Namespace) -> int:
    """Train. Exit code 0: done; 2: a mistake in configuration, data or base, or training that had to stop."""
    try:
        with processes.first_before_others():
            configuration = read_configuration(options.configuration)
        train(options.task, configuration, Screen(silent=not processes.is_first()))
    except (TrainingError, DataError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if processes.is_first():
            print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0
