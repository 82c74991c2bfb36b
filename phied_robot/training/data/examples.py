"""The format of training data: one example a line of JSONL."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.training.data.files import DataError as DataError
from phied_robot.training.data.files import Mistakes, read_json_lines, write_text

Task = Literal["dialogue", "strategy", "story", "questions", "personality", "translation"]
Language = Literal["en", "fr", "de"]
Manner = Literal["introvert", "neutral", "extravert"]
AgeGroup = Literal["toddlers", "preschoolers", "early elementary", "late elementary", "preteens"]

TASKS: tuple[Task, ...] = get_args(Task)
AGE_GROUP: TypeAdapter[AgeGroup] = TypeAdapter(AgeGroup)


def _known_label(label: str) -> str:
    if label not in BY_LABEL:
        raise ValueError(f"unknown strategy {label!r}; the strategies are {', '.join(BY_LABEL)}")
    return label


Strategy = Annotated[
    str, AfterValidator(_known_label), Field(json_schema_extra=lambda schema: schema.update(enum=list(BY_LABEL)))
]


class Example(BaseModel):
    """One thing to learn: given the instruction and the input, the output."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    instruction: str = Field(min_length=1, description="What is to be done, in one or two sentences.")
    input: str = Field(
        default="",
        description="What it is to be done with. For dialogue and strategy: lines that begin with Lesson:, Note:, "
        "Student: or Tutor:, the student's words last.",
    )
    output: str = Field(description="What a good tutor says. For strategy: the label.")
    personality: Manner = Field(default="neutral", description="The manner of the output.")
    language: Language = Field(default="en", description="The language of the output.")
    task: Task = "dialogue"
    strategy: Strategy | None = Field(
        default=None, description="The strategy that the output carries out; for strategy: the label itself."
    )
    accepted: tuple[Strategy, ...] = Field(
        default=(), description="For strategy: every label that some teacher chose here, the one above among them."
    )
    age_group: AgeGroup | None = Field(default=None, description="Whom the output is for.")
    source: str = Field(default="", description="Where it comes from, such as bridge.")
    conversation_id: str = Field(
        default="", description="Examples of one conversation or story share it; a split keeps them together."
    )

    @model_validator(mode="after")
    def _strategy_is_complete(self) -> "Example":
        if self.task == "strategy":
            if self.strategy is None:
                raise ValueError("a strategy example needs its label in 'strategy'")
            if self.output != self.strategy:
                raise ValueError(f"the output of a strategy example is its label, {self.strategy!r}")
        return self

    @property
    def accepted_labels(self) -> frozenset[str]:
        """The label and all others that a teacher would accept; empty without a strategy."""
        return frozenset(self.accepted) | ({self.strategy} if self.strategy else set())

    @property
    def adapter(self) -> Literal["strategy", "response"]:
        """The adapter that learns from it."""
        return "strategy" if self.task == "strategy" else "response"


def read_examples(path: Path | str) -> list[Example]:
    """Read a JSONL file; empty lines are passed over.

    Raises:
        DataError: the file cannot be read, holds no example, or has lines that break the format, all named at once.
    """
    return [example for _place, example in read_located(Path(path))]


def read_located(path: Path) -> list[tuple[str, Example]]:
    """As `read_examples`, each example with its place, such as "data.jsonl:3"."""
    mistakes = Mistakes()
    examples = []
    for place, fields in read_json_lines(path, mistakes):
        with mistakes.at(place):
            examples.append((place, parse_example(fields)))
    mistakes.refuse()
    if not examples:
        raise DataError(f"{path} holds no examples; make some with 'phied data import'")
    return examples


def write_examples(examples: Iterable[Example], path: Path | str) -> int:
    """Write a JSONL file, whole or not at all; returns how many examples it has.

    Raises:
        DataError: the file cannot be written.
    """
    lines = [example.model_dump_json(exclude_defaults=True) + "\n" for example in examples]
    write_text(Path(path), "".join(lines))
    return len(lines)


def parse_example(fields: Any) -> Example:
    """An example from its fields.

    Raises:
        DataError: one line for each field that is wrong.
    """
    if not isinstance(fields, dict):
        raise DataError('a line holds one JSON object, such as {"instruction": ...}')
    try:
        return Example.model_validate(fields)
    except ValidationError as error:
        raise DataError("\n".join(_sentence(dict(mistake)) for mistake in error.errors(include_url=False))) from error


def json_schema() -> str:
    """The format as a JSON Schema, as `example.schema.json` beside this file holds it."""
    return json.dumps(Example.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _sentence(mistake: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in mistake["loc"])
    match mistake["type"]:
        case "missing":
            return f"{place} is missing"
        case "extra_forbidden":
            return f"unknown key {place!r}; the keys are {', '.join(Example.model_fields)}"
        case "literal_error":
            return f"{place} is {mistake['input']!r}, but must be {mistake['ctx']['expected']}"
        case "value_error":
            return f"{place}: {mistake['ctx']['error']}".removeprefix(": ")
        case _:
            return f"{place}: {mistake['msg']}"
