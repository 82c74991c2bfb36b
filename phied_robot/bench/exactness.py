"""Whether the engine's greedy tokens are those of transformers' `generate`, whatever its caches have been through."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil  # type: ignore[import-untyped]

from phied_robot.bench.recipe import Recipe
from phied_robot.bench.sentences import sentences
from phied_robot.evaluation.subject import Track
from phied_robot.language_model.memory import MIB
from phied_robot.language_model.prefix import CancelledError, PrefixModel
from phied_robot.language_model.sampling import Sampling

ADAPTERS = ("strategy", "response")
LONGEST_PROMPT = 1_000
TOKENS = 20
SETTLED = 100
"""Turns after which memory should not grow any more."""


@dataclass(frozen=True)
class Expected:
    """What the reference says behind a prompt: its tokens, up to its end or `TOKENS`, and the logits of the first.

    `leads` says by how much each token's logit was above the second largest.
    """

    adapter: str
    prompt: list[int]
    tokens: list[int]
    leads: list[float]
    logits: Any


@dataclass
class Findings:
    """Answers compared, which of them were wrong and how, and the largest difference of a logit.

    `close` counts those that chose another token where the reference's lead was within `tolerance`: with rounded
    numbers either is right.
    """

    tolerance: float = 0.0
    compared: int = 0
    close: int = 0
    wrong: list[str] = field(default_factory=list)
    logit_difference: float = 0.0


def prompts(tokenizer: Any, count: int, seed: int = 0) -> list[list[int]]:
    """Prompts of 1 to 1,000 tokens of a tutor's sentences, lengths evenly spread on a logarithmic scale."""
    chance = random.Random(seed)
    lengths = [round(LONGEST_PROMPT ** (number / max(1, count - 1))) for number in range(count)]
    return [_text(tokenizer, length, chance) for length in lengths]


def _text(tokenizer: Any, length: int, chance: random.Random) -> list[int]:
    ids: list[int] = []
    while len(ids) < length:
        ids += tokenizer.encode(chance.choice(sentences("en")) + " ", add_special_tokens=False)
    return ids[:length]


def expect(recipe: Recipe, given: Sequence[list[int]], track: Track) -> list[Expected]:
    """The reference's answers to each prompt by each adapter; the adapters alternate."""
    expected = []
    for prompt in track(given, "transformers' generate"):
        for adapter in ADAPTERS:
            recipe.choose(adapter)
            tokens, leads = recipe.generate_with_leads(prompt, TOKENS)
            expected.append(Expected(adapter, prompt, tokens, leads, recipe.logits(prompt)))
    return expected


def compare_recipe(recipe: Recipe, expected: Sequence[Expected], tolerance: float, track: Track) -> Findings:
    """How far transformers itself gets from the reference in another precision."""
    findings = Findings(tolerance)
    for one in track(expected, "transformers' generate, rounded"):
        recipe.choose(one.adapter)
        tokens, _ = recipe.generate_with_leads(one.prompt, len(one.tokens))
        _judge(findings, one, "rounded", tokens, recipe.logits(one.prompt))
    return findings


def compare(model: PrefixModel, expected: Sequence[Expected], track: Track, tolerance: float = 0.0) -> Findings:
    """Each answer three times: from an empty cache, behind a cancelled turn, and from a cache that holds a part."""
    findings = Findings(tolerance)
    for one in track(expected, "the engine"):
        for state, prepare in (("empty", _empty), ("after a cancel", _cancel), ("with a prefix", _share)):
            prepare(model, one)
            _judge(findings, one, state, *_answer(model, one, len(one.tokens)))
    return findings


def drill(
    model: PrefixModel, expected: Sequence[Expected], turns: int, track: Track, tolerance: float = 0.0, seed: int = 0
) -> tuple[Findings, float]:
    """So many turns with prompts and adapters at random, every third cancelled at random.

    Returns:
        What was wrong among those that ended, and the growth of the process's memory in MiB since the caches settled.
    """
    chance, findings, process = random.Random(seed), Findings(tolerance), psutil.Process()
    settled = process.memory_info().rss
    for turn in track(range(turns), "turns"):
        one = chance.choice(expected)
        if chance.random() < 1 / 3:
            _cancel(model, one, after=chance.randrange(TOKENS))
        else:
            _judge(findings, one, f"turn {turn}", *_answer(model, one, len(one.tokens)))
        if turn == SETTLED:
            settled = process.memory_info().rss
    return findings, (process.memory_info().rss - settled) / MIB


def _empty(model: PrefixModel, one: Expected) -> None:
    model.forget(one.adapter)


def _cancel(model: PrefixModel, one: Expected, after: int = TOKENS // 2) -> None:
    """Drop the turn after some tokens of its answer, or behind the first piece of its prompt."""
    asked = iter([False])
    with suppress(CancelledError):
        _answer(model, one, tokens=after, cancelled=lambda: after == 0 and next(asked, True))


def _share(model: PrefixModel, one: Expected) -> None:
    """Leave a prompt in the cache that begins like this one and goes on otherwise."""
    half = one.prompt[: len(one.prompt) // 2]
    other = [*half, one.prompt[-1] ^ 1, *one.prompt[len(half) : len(half) + 20]]
    _answer(model, Expected(one.adapter, other, [], [], None), tokens=3)


def _judge(findings: Findings, one: Expected, state: str, tokens: list[int], logits: Any) -> None:
    findings.compared += 1
    findings.logit_difference = max(findings.logit_difference, float((logits - one.logits).abs().max()))
    pairs = zip(tokens, one.tokens, strict=False)  # an answer that ended early differs in its last token
    place = next((place for place, (a, b) in enumerate(pairs) if a != b), None)
    if place is not None and one.leads[place] < findings.tolerance:
        findings.close += 1
    elif place is not None:
        findings.wrong.append(f"{one.adapter}, prompt of {len(one.prompt)} tokens, {state}: token {place} differs")


def _answer(
    model: PrefixModel, one: Expected, tokens: int, cancelled: Callable[[], bool] = lambda: False
) -> tuple[list[int], Any]:
    with model.running(one.adapter):
        model.prefill(one.adapter, one.prompt, cancelled)
        logits = model.logits()
        stream = model.decode(one.adapter, one.prompt, Sampling())
        return [next(stream) for _ in range(tokens)], logits
