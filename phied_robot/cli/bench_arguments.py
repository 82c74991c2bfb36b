"""The arguments of `phied bench`."""

import argparse
from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_adapters, add_command, add_parts, running, whole_number

EXPRESSION_EXAMPLES = """\
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
  phied bench faults --power-cuts 200    kill -9 of all its processes at 200 moments of a lesson
"""
LLM_EXAMPLES = """\
examples:
  phied bench llm                                   the bundled demo model
  phied bench llm --random phi3-mini --json llm.json --chart llm.png
  phied bench llm --random phi3-mini --device cpu --llama-cpp llama/bin/python
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
    parts = add_parts(parser)
    _add_expression(parts)
    _add_faults(parts)
    _add_endurance(parts)
    _add_llm(parts)
    _add_train(parts)


def _add_expression(parts: Any) -> None:
    parser = add_command(
        parts,
        "expression",
        says="voice and motion over the personality scale",
        description="Measures voice (Praat) and motion (MuJoCo), part by part; exit code 1 when something that must be "
        "seen is not.\n\nparts:\n" + "\n".join(f"  {part:10}{says}" for part, says in PARTS.items()),
        examples=EXPRESSION_EXAMPLES,
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=300.0,
        metavar="S",
        help="of speech while motion or memory is measured (default: 300)",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS], metavar="PART", help="(default: all)")
    parser.add_argument(
        "--sentences", type=int, default=20, choices=range(1, 21), metavar="N", help="a language (default: 20)"
    )
    parser.add_argument("--chart", type=Path, metavar="FILE.png", help="draw the measures")
    parser.set_defaults(run=running("bench", "expression"))


def _add_faults(parts: Any) -> None:
    parser = add_command(
        parts,
        "faults",
        says="what becomes of a lesson when a process dies",
        description="Kills processes, fills disks and interrupts starts; exit code 1 when something that must be seen "
        "is not.",
        examples=FAULTS_EXAMPLES,
    )
    parser.add_argument("--repeat", type=whole_number, default=5, metavar="N", help="kills in each cell (default: 5)")
    parser.add_argument("--cells", type=whole_number, metavar="N", help="only so many cells, once each")
    parser.add_argument("--store", type=whole_number, metavar="N", help="instead: moments at which a store is cut off")
    parser.add_argument("--interrupts", type=whole_number, metavar="N", help="instead: starts that are interrupted")
    parser.add_argument(
        "--power-cuts", type=whole_number, metavar="N", help="instead: moments at which everything is killed at once"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is left to chance (default: 0)")
    _add_robot(parser, "mockup")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write every kill, or every interruption")
    parser.set_defaults(run=running("bench", "faults"))


def _add_endurance(parts: Any) -> None:
    parser = add_command(
        parts,
        "endurance",
        says="turn after turn: does anything grow, or slow down?",
        description="Asks without a pause and measures memory, threads, open files and latency; exit code 1 when one "
        "grows. A turn takes about 7 s.",
        examples=ENDURANCE_EXAMPLES,
    )
    parser.add_argument("--turns", type=whole_number, default=1_000, metavar="N", help="questions (default: 1000)")
    _add_robot(parser, "mujoco")
    _add_files(parser)
    parser.set_defaults(run=running("bench", "endurance"))


def _add_llm(parts: Any) -> None:
    parser = add_command(
        parts,
        "llm",
        says="the language model beside the seed guide's recipe",
        description="Measures the seed guide's recipe (bitsandbytes, PEFT's set_adapter, transformers' generate) and "
        "this package's engine on the same model, in one run.",
        examples=LLM_EXAMPLES,
    )
    _add_model(parser, "random weights of this shape, made on the spot (2.3 GB of disk)")
    add_adapters(parser)
    parser.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"), help="(default: auto)")
    parser.add_argument(
        "--tokens", type=whole_number, default=64, metavar="N", help="decoded to know the rate (default: 64)"
    )
    _add_files(parser)
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--exact",
        action="store_true",
        help="compare greedy tokens with those of transformers' generate in float32: 50 prompts by both adapters "
        "from several states of the caches, then 1,000 turns with random cancels; exit code 1 when one differs",
    )
    either.add_argument(
        "--llama-cpp",
        type=Path,
        metavar="PYTHON",
        help="measure llama.cpp too, by the Python of an environment that has llama-cpp-python and gguf",
    )
    parser.set_defaults(run=running("bench", "llm"))


def _add_train(parts: Any) -> None:
    parser = add_command(
        parts,
        "train",
        says="training beside the seed guide's recipe",
        description="Trains an adapter by the seed guide's recipe (examples padded, prompts learned too) and by ours, "
        "once over the same examples, and measures speed, memory and what was learned.",
        examples=TRAIN_EXAMPLES,
    )
    _add_model(parser, "random weights of this shape, made on the spot")
    parser.add_argument("--task", choices=("strategy", "response"), default="response", help="(default: response)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="what 'phied data split' wrote (default: our own)")
    parser.add_argument("--examples", type=whole_number, default=128, metavar="N", help="to learn from (default: 128)")
    _add_files(parser)
    parser.set_defaults(run=running("bench", "train"))


def _add_model(parser: argparse.ArgumentParser, random_says: str) -> None:
    models = parser.add_mutually_exclusive_group()
    models.add_argument("--model", default="demo", metavar="M", help="demo, a folder, or a hub id (default: demo)")
    models.add_argument("--random", choices=("phi3-mini",), help=random_says)


def _add_robot(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--robot", choices=("mockup", "mujoco", "none"), default=default, help=f"(default: {default})")


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write the figures")
    parser.add_argument("--chart", type=Path, metavar="FILE.png", help="draw them")
