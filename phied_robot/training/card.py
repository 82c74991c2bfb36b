"""The model card of an adapter: its README.md."""

import json
import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from phied_robot.language_model.sources import is_folder
from phied_robot.pedagogy.prompts import PROMPT_VERSION
from phied_robot.training.configuration import Configuration, Task
from phied_robot.training.encoding import Part
from phied_robot.training.records import CURVES, METRICS

PURPOSES = {
    "strategy": "It chooses how a robot tutor answers a child: asked with the tutor's strategy prompt, its next token "
    "is the code of one of eight teaching strategies.",
    "response": "It answers a child: asked with the tutor's response prompt, it carries out a teaching strategy, "
    "in a manner between introvert and extravert, from the notes of a lesson.",
}
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "trl")


def write_card(
    output: Path,
    task: Task,
    configuration: Configuration,
    train: Part,
    validation: Part,
    lines: Sequence[dict[str, Any]],
    device: str,
) -> None:
    """Write README.md into the adapter's folder: purpose, data, scores, configuration, licence."""
    sections = [
        _front_matter(configuration),
        f"# Adapter: {task}\n\n{PURPOSES[task]} A LoRA adapter for `{configuration.base}`, trained by QLoRA on the "
        f"4-bit base, for version {PROMPT_VERSION} of phied_robot's prompts.",
        _scores(lines),
        _data(train, validation),
        _settings(configuration, lines, device),
        f"## Licence\n\n{configuration.licence}. The licences of the base and of the data hold beside it.",
    ]
    (output / "README.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _front_matter(configuration: Configuration) -> str:
    fields = {"library_name": "peft", "license": configuration.licence, "tags": ["lora", "qlora", "phied_robot"]}
    if not is_folder(configuration.base) and "/" in configuration.base:  # only hubs know such names
        fields["base_model"] = configuration.base
    return "---\n" + "".join(f"{name}: {json.dumps(value)}\n" for name, value in fields.items()) + "---"


def _scores(lines: Sequence[dict[str, Any]]) -> str:
    evaluations = [line for line in lines if "validation_loss" in line]
    best = min(evaluations, key=lambda line: line["validation_loss"])
    loss = best["validation_loss"]
    rows = [
        ("validation loss", f"{loss:.4f}"),
        ("validation perplexity", f"{math.exp(loss):.3f}"),
        ("validation tokens right", f"{100 * best['validation_token_accuracy']:.1f} %"),
        ("best step", f"{best['step']} of {lines[-1]['step']}"),
        ("first validation loss", f"{evaluations[0]['validation_loss']:.4f} (step {evaluations[0]['step']})"),
    ]
    return (
        f"## Scores\n\n{_table(('measure', 'value'), rows)}\n\n![Losses by step]({CURVES})\n\n"
        f"Losses are means over supervised tokens, in nats. All steps: `{METRICS}`. "
        "`phied evaluate` measures what a loss does not show."
    )


def _data(train: Part, validation: Part) -> str:
    rows = [
        (
            name,
            ", ".join(f"`{file}`" for file in part.files),
            str(len(part.encoded)),
            str(part.learned_tokens),
            ", ".join(f"{source} {count}" for source, count in sorted(part.sources.items())),
            f"`{part.fingerprint[:16]}`",
        )
        for name, part in (("train", train), ("validation", validation))
    ]
    return "## Data\n\n" + _table(("part", "files", "examples", "supervised tokens", "sources", "SHA-256"), rows)


def _settings(configuration: Configuration, lines: Sequence[dict[str, Any]], device: str) -> str:
    settings = configuration.model_dump(mode="json", exclude_none=True)
    rows = [(name, f"`{json.dumps(value)}`") for name, value in settings.items()]
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    peak = max(line["peak_memory_gib"] for line in lines)
    return (
        f"## Training\n\n{_table(('setting', 'value'), rows)}\n\n"
        f"On {device}: {lines[-1]['seconds']:.0f} s, peak memory {peak:.2f} GiB. Made with {libraries}."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
