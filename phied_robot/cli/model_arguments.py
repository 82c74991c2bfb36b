"""The arguments of `phied model`."""

from pathlib import Path
from typing import Any

from phied_robot.cli.arguments import add_command, add_parts, running, whole_number

EXAMPLES = """\
examples:
  phied model prepare Mortadha/Phi-Ed-25072024               download it and its base, merge them, keep the result
  phied model info demo adapters/strategy                    its parts and their memory; does the adapter fit?
  phied model merge demo adapters/response --output merged   one model for programs that know no adapters
  phied model compare demo demo+adapters/response --prompts data/split/test.jsonl --examples 5
  phied model compare demo openai:gpt-4o-mini@https://api.openai.com/v1 --prompts questions.txt --output answers.html

A model is demo, a folder or a hub id, of a full model or of an adapter on one. docs/models.md explains the rest.
"""
HOW_TO_NAME = "demo, a folder or a hub id, of a full model or of an adapter"


def add_to(commands: Any) -> None:
    """Add `model` to the commands of `phied`."""
    parser = add_command(
        commands,
        "model",
        says="models: prepare, look at, merge with an adapter, compare",
        description="The models behind the tutor.",
        examples=EXAMPLES,
    )
    parts = add_parts(parser)
    _add_prepare(parts)
    _add_info(parts)
    _add_merge(parts)
    _add_compare(parts)


def _add_prepare(parts: Any) -> None:
    parser = parts.add_parser(
        "prepare",
        help="download a model, and merge it where it is an adapter, before it is needed",
        description="Download a model and, where it is an adapter as Phi-Ed is, its base; merge the two and keep the "
        "result, so that the tutor starts without the network and without waiting.",
    )
    parser.add_argument("model", metavar="MODEL", help=HOW_TO_NAME)
    parser.set_defaults(run=running("model", "prepare"))


def _add_info(parts: Any) -> None:
    parser = parts.add_parser(
        "info",
        help="memory by part, linear layers, adapters, licence, fingerprint",
        description="Show what a model is made of, and whether adapters fit it. No weights are loaded.",
    )
    parser.add_argument("model", metavar="MODEL", help=HOW_TO_NAME)
    parser.add_argument("adapters", nargs="*", metavar="ADAPTER", help="folders or hub ids of adapters for it")
    parser.set_defaults(run=running("model", "info"))


def _add_merge(parts: Any) -> None:
    parser = parts.add_parser(
        "merge",
        help="write a model with an adapter in its weights, and measure what that changes",
        description="Write one bf16 model from a base and an adapter, for programs that know no adapters, and say how "
        "far its logits are from those of the 4-bit base with the adapter beside it, which is what was trained.",
    )
    parser.add_argument("model", metavar="MODEL", help=HOW_TO_NAME)
    parser.add_argument("adapter", metavar="ADAPTER", help="folder or hub id of the adapter")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a folder that does not exist yet")
    parser.add_argument(
        "--onto",
        choices=("dequantized", "original"),
        default="dequantized",
        help="the values of the 4-bit base, with which the adapter was trained, or those before quantization "
        "(default: dequantized, which is closer)",
    )
    parser.set_defaults(run=running("model", "merge"))


def _add_compare(parts: Any) -> None:
    parser = parts.add_parser(
        "compare",
        help="the answers of two models side by side",
        description="Ask two models the same and show the answers side by side.",
        epilog="A and B: a model as above, BASE+ADAPTER, or openai:MODEL@URL for a server with OpenAI's interface "
        "(vLLM, llama.cpp, OpenAI). A server is sent the prompts; its key is read from OPENAI_API_KEY.",
    )
    parser.add_argument("models", nargs=2, metavar=("A", "B"), help="the two models")
    parser.add_argument(
        "--prompts",
        type=Path,
        required=True,
        metavar="FILE",
        help="examples as 'phied data' makes them (.jsonl), asked as in class; or text, each line sent as it is",
    )
    parser.add_argument("--examples", type=whole_number, default=20, metavar="N", help="prompts at most (default: 20)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write a page: .md or .html")
    parser.set_defaults(run=running("model", "compare"))
