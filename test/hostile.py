"""Payloads that nobody meant, each drawn by its kind of mistake and a seed."""

import json
import random
from functools import cache
from typing import Any

from phied_robot.messages import Payload
from phied_robot.pedagogy.strategies import STRATEGIES

KINDS = (
    "as it should be",
    "no JSON",
    "cut off",
    "wrong type",
    "missing field",
    "other schema",
    "not finite",
    "megabytes",
    "deep nesting",
    "lone surrogate",
)
IDS = ("t1", "t2", "t3", "", "session-1", "t1.strategy", "t1.response", "x" * 80)
WORDS = (
    "Why do plants need sunlight?",
    "Plants eat light. They also drink water. ",
    "",
    " ",
    "\x00\x07\x1b[31m",
    "Почему?",
    "🌱" * 40,
    "why " * 300,
    "plants",
    "fractions",
    "/no/such/lesson.yaml",
    "thinking",
    *(strategy.label for strategy in STRATEGIES),
    *(strategy.code for strategy in STRATEGIES),
)
NUMBERS = (0, 1, -1, 0.5, 1e-300, 2**31, 2**63, 10**400, -(10**30), 1e308)
WRONG = (None, True, 7, -1.5, "x", [], {}, [None], {"a": []}, "9" * 5_000, [[[]]] * 50, 10**400)


def payload(model: type[Payload], kind: str, seed: int) -> str:
    """The text of a payload for readers of `model`, with a mistake of that kind."""
    chance = random.Random(seed)
    schema = _schema(model)
    fields = _object(schema, schema, chance)
    fields["schema"] = model.schema_name()
    name = chance.choice(sorted(fields))
    match kind:
        case "no JSON":
            return "".join(chance.choices('{}[]",:0aé\\\n\x00', k=chance.randrange(200)))
        case "cut off":
            text = json.dumps(fields)
            return text[: chance.randrange(len(text))]
        case "wrong type":
            fields[name] = chance.choice(WRONG)
        case "missing field":
            del fields[name]
        case "other schema":
            fields["schema"] = chance.choice([f"phied/{model.kind}/2", "other/thing/1", "", None, model.kind * 20])
        case "not finite":
            fields[name] = chance.choice([float("nan"), float("inf"), -float("inf"), [float("nan")]])
        case "megabytes":
            fields[name] = chance.choice(["x", "é", "\x00"]) * chance.choice([60_000, 250_000, 3_000_000])
        case "deep nesting":
            depth = chance.choice([200, 5_000, 100_000])
            text = json.dumps({**fields, name: "HERE"})
            return text.replace(
                '"HERE"', chance.choice(["[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth])
            )
        case "lone surrogate":
            fields[name] = chance.choice(["\ud800", "a\udfffb", ["\udc00"], {"\ud900": 1}])
    return json.dumps(fields)


@cache
def _schema(model: type[Payload]) -> dict[str, Any]:
    return model.model_json_schema()


def _object(schema: dict[str, Any], whole: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        name: _value(one, whole, chance)
        for name, one in schema.get("properties", {}).items()
        if name in required or chance.random() < 0.7
    }


def _value(schema: dict[str, Any], whole: dict[str, Any], chance: random.Random) -> Any:
    if "$ref" in schema:
        return _value(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, chance)
    if "anyOf" in schema:
        return _value(chance.choice(schema["anyOf"]), whole, chance)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    match schema["type"]:
        case "string":
            return chance.choice(IDS if "pattern" in schema else WORDS)[: schema.get("maxLength", 10**6)]
        case "integer" | "number":
            low, high = schema.get("minimum", -10), schema.get("maximum", schema.get("exclusiveMaximum", 10) - 1)
            allowed = [number for number in NUMBERS if low <= number <= high]
            number = chance.choice([*allowed, low, high])
            return int(number) if schema["type"] == "integer" else number
        case "boolean":
            return chance.random() < 0.5
        case "array":
            return [_value(schema["items"], whole, chance) for _ in range(chance.randrange(4))]
        case "object" if "properties" in schema:
            return _object(schema, whole, chance)
        case "object":
            inner = schema.get("additionalProperties", {"type": "number"})
            return {chance.choice(WORDS)[:40]: _value(inner, whole, chance) for _ in range(chance.randrange(4))}
        case _:
            return None
