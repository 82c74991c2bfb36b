"""The arguments of `phied train`."""

from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_command, running

EXAMPLES = """\
examples:
  phied train strategy config/training/demo_strategy.yaml    the demo model, in minutes on a CPU
  phied train strategy config/training/strategy.yaml         Phi-3-mini, on a GPU with 8 GB
  phied train response config/training/demo_response.yaml
  phied train response config/training/response.yaml

Several GPUs: accelerate launch --config_file config/training/fsdp.yaml -m phied_robot.cli.main train ...
A run that was interrupted goes on when the same command is given again. The files in config/training/ explain
every setting; docs/training.md explains the rest.
"""


def add_to(commands: Any) -> None:
    """Add `train` to the commands of `phied`."""
    parser = add_command(
        commands,
        "train",
        says="train an adapter: the one that chooses strategies, or the one that answers",
        description="Train a LoRA adapter on a 4-bit base (QLoRA).",
        examples=EXAMPLES,
    )
    parser.add_argument("task", choices=("strategy", "response"), help="which adapter")
    parser.add_argument("configuration", type=Path, metavar="CONFIG.yaml", help="base, data and settings")
    parser.set_defaults(run=running("train"))
