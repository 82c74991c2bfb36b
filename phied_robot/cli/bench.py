"""`phied bench`: hands over to the bench that was asked for; each imports what it measures."""

import argparse

from rich.console import Console


def run(bench: str, options: argparse.Namespace) -> int:
    """Run a bench; the exit code comes back."""
    console = Console(highlight=False, width=160)
    match bench:
        case "expression":
            from phied_robot.bench import expression_report

            return expression_report.run(options.only, options.seconds, options.sentences, options.chart, console)
        case "llm":
            from phied_robot.bench import llm_report

            return llm_report.run(options, console)
        case "train":
            from phied_robot.bench import training_report

            return training_report.run(options, console)
        case "endurance":
            from phied_robot.cli import bench_endurance

            return bench_endurance.run(options, console)
        case _:
            from phied_robot.cli import bench_faults

            return bench_faults.run(options, console)
