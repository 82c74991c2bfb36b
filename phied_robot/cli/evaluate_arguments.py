"""The arguments of `phied evaluate`."""

from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_adapters, add_command, running, whole_number

PARTS = ("strategy", "answers", "personality", "stories", "speed")

EXAMPLES = """\
examples:
  phied evaluate demo --data data/split --output reports/demo
  phied evaluate demo --strategy-adapter runs/strategy --data data/split --output reports/mine \\
      --compare demo                                   mine beside the demo's own, in one table
  phied evaluate my_model --data data/split --output reports/all --compare reports/demo/report.json
  phied evaluate demo --data data/split --output reports/quick --parts strategy speed --examples 20

Writes report.md with pictures, report.html (one file, to be sent) and report.json. docs/evaluation.md explains every
figure. data/split is what 'phied data split' wrote: baselines learn from its train.jsonl, test.jsonl is measured.
"""


def add_to(commands: Any) -> None:
    """Add `evaluate` to the commands of `phied`."""
    parser = add_command(
        commands,
        "evaluate",
        says="measure a model: strategy, answers, personality, stories, speed; one report",
        description="Measure a model and its adapters, and write one report.",
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="demo, a folder or a hub id; a full model or an adapter")
    add_adapters(parser)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder with train.jsonl and test.jsonl"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the report")
    parser.add_argument(
        "--compare",
        nargs="+",
        default=[],
        metavar="M",
        help="other models, each with its own adapters, or report.json files of models measured before",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        metavar="P",
        help=f"of {', '.join(PARTS)} (default: all)",
    )
    parser.add_argument(
        "--examples",
        type=whole_number,
        default=60,
        metavar="N",
        help="prompts of each measure; five times as many choices of strategy (default: 60)",
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="another seed, other prompts (default: 7)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to run it (default: auto)"
    )
    parser.set_defaults(run=running("evaluate"))
