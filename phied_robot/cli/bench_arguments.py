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
ENDURANCE_EXAMPLES = """\
examples:
  phied bench endurance                                      1,000 turns, two hours
  phied bench endurance --turns 200 --chart endurance.png    25 minutes
"""
FAULTS_EXAMPLES = """\
examples:
  phied bench faults                     kill -9 of every process in every phase of a turn, 5 times each (an hour)
  phied bench faults --cells 3           three of the 32 cells, chosen by --seed
  phied bench faults --store 200         kill -9 and a full disk at 200 moments of a store at work
  phied bench faults --interrupts 100    Ctrl-C at 100 moments of `phied tutor`
"""

LLM_EXAMPLES = """\
examples:
  phied bench llm                                   the bundled demo model
  phied bench llm --random phi3-mini --json llm.json --chart llm.png
  phied bench llm --exact                           are the engine's tokens those of transformers? (some 15 minutes)
"""

TRAIN_EXAMPLES = """\
examples:
  phied bench train                                          the demo model, our own examples, some minutes on a CPU
  phied bench train --data data/split --task strategy --json train.json --chart train.png
  phied bench train --random phi3-mini --data data/split     on a GPU: random weights cost the same time and memory
"""


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
    _add_faults(parts)
    _add_endurance(parts)
    _add_llm(parts)
    _add_train(parts)


def _add_faults(parts: Any) -> None:
    faults = parts.add_parser(
        "faults",
        help="what becomes of a lesson when a process dies",
        description="Kills processes, fills disks and interrupts starts; exit code 1 when something that must be seen "
        "is not.",
        epilog=FAULTS_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    faults.add_argument("--repeat", type=_count, default=5, metavar="N", help="kills in each cell (default: 5)")
    faults.add_argument("--cells", type=_count, metavar="N", help="only so many cells, once each")
    faults.add_argument("--store", type=_count, metavar="N", help="instead: moments at which a store is cut off")
    faults.add_argument("--interrupts", type=_count, metavar="N", help="instead: starts that are interrupted")
    faults.add_argument("--seed", type=int, default=0, metavar="N", help="of what is left to chance (default: 0)")
    faults.add_argument("--robot", choices=("mockup", "mujoco", "none"), default="mockup", help="(default: mockup)")
    faults.add_argument("--json", type=Path, metavar="FILE.json", help="write every trial to this file")
    faults.set_defaults(run=_faults)


def _add_endurance(parts: Any) -> None:
    endurance = parts.add_parser(
        "endurance",
        help="turn after turn: does anything grow, or slow down?",
        description="Asks without a pause and measures memory, threads, open files and latency; exit code 1 when one "
        "grows. A turn takes about 7 s.",
        epilog=ENDURANCE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    endurance.add_argument("--turns", type=_count, default=1_000, metavar="N", help="questions (default: 1000)")
    endurance.add_argument("--robot", choices=("mockup", "mujoco", "none"), default="mujoco", help="(default: mujoco)")
    endurance.add_argument("--chart", type=Path, metavar="FILE.png", help="draw memory and latency over the turns")
    endurance.add_argument("--json", type=Path, metavar="FILE.json", help="write every turn to this file")
    endurance.set_defaults(run=_endurance)


def _add_llm(parts: Any) -> None:
    llm = parts.add_parser(
        "llm",
        help="the language model beside the seed guide's recipe",
        description="Measures the seed guide's recipe (bitsandbytes, PEFT's set_adapter, transformers' generate) and "
        "this package's engine on the same model, in one run.",
        epilog=LLM_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    models = llm.add_mutually_exclusive_group()
    models.add_argument("--model", default="demo", metavar="M", help="demo, a folder, or a hub id (default: demo)")
    models.add_argument(
        "--random", choices=("phi3-mini",), help="random weights of this shape, made on the spot (2.3 GB of disk)"
    )
    llm.add_argument("--strategy-adapter", default="", metavar="DIR", help="as of `phied tutor`")
    llm.add_argument("--response-adapter", default="", metavar="DIR", help="as of `phied tutor`")
    llm.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"), help="default: auto")
    llm.add_argument("--tokens", type=int, default=64, metavar="N", help="decoded to know the rate (default: 64)")
    llm.add_argument("--json", type=Path, metavar="FILE.json", help="write the figures")
    llm.add_argument("--chart", type=Path, metavar="FILE.png", help="draw them")
    llm.add_argument(
        "--exact",
        action="store_true",
        help="compare greedy tokens with those of transformers' generate instead: 50 prompts by both adapters from "
        "several states of the caches, then 1,000 turns with random cancels; exit code 1 when one differs",
    )
    llm.set_defaults(run=_llm)


def _llm(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.llm_report import run

    return run(options, Console(highlight=False, width=140))


def _add_train(parts: Any) -> None:
    train = parts.add_parser(
        "train",
        help="training beside the seed guide's recipe",
        description="Trains an adapter by the seed guide's recipe (examples padded, prompts learned too) and by ours, "
        "once over the same examples, and measures speed, memory and what was learned.",
        epilog=TRAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    models = train.add_mutually_exclusive_group()
    models.add_argument("--model", default="demo", metavar="M", help="demo, a folder, or a hub id (default: demo)")
    models.add_argument("--random", choices=("phi3-mini",), help="random weights of this shape, made on the spot")
    train.add_argument("--task", choices=("strategy", "response"), default="response", help="(default: response)")
    train.add_argument("--data", type=Path, metavar="DIR", help="what 'phied data split' wrote (default: our own)")
    train.add_argument("--examples", type=_count, default=128, metavar="N", help="to learn from (default: 128)")
    train.add_argument("--json", type=Path, metavar="FILE.json", help="write the figures")
    train.add_argument("--chart", type=Path, metavar="FILE.png", help="draw them")
    train.set_defaults(run=_train)


def _expression(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.expression_report import run

    return run(options.only, options.seconds, options.sentences, options.chart, Console(highlight=False, width=140))


def _train(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.bench.training_report import run

    return run(options, Console(highlight=False))


def _faults(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.cli import bench_faults

    console = Console(highlight=False, width=160)
    if options.store:
        return bench_faults.run_store(options, console)
    if options.interrupts:
        return bench_faults.run_interrupts(options, console)
    return bench_faults.run_kills(options, console)


def _endurance(options: argparse.Namespace) -> int:
    from rich.console import Console

    from phied_robot.cli.bench_endurance import run

    return run(options, Console(highlight=False, width=120))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
