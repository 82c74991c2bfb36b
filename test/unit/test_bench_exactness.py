"""The engine against transformers' own `generate` on the demo model, and that the comparison can find a mistake."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar

import pytest

from phied_robot.bench.exactness import ADAPTERS, LONGEST_PROMPT, Expected, compare, drill, expect, prompts
from phied_robot.bench.recipe import Recipe
from phied_robot.language_model.loading import LoadedModel, load
from phied_robot.language_model.prefix import PrefixModel
from phied_robot.language_model.sources import resolve

Item = TypeVar("Item")
# One worker loads the models, and three prompts of up to 1,000 tokens take a busy machine a while.
pytestmark = [pytest.mark.xdist_group("exactness"), pytest.mark.timeout(600)]


def track(items: Sequence[Item], says: str) -> Iterable[Item]:
    return items


@cache
def demo() -> LoadedModel:
    return load(resolve("demo"), device="cpu")


@cache
def expected() -> list[Expected]:
    return expect(Recipe(resolve("demo"), "cpu", exact=True), prompts(demo().tokenizer, 3), track)


@pytest.fixture
def model() -> PrefixModel:
    return PrefixModel(demo())


def test_tokens_and_logits_are_those_of_transformers_whatever_the_caches_have_been_through(model: PrefixModel) -> None:
    lengths = [len(one.prompt) for one in expected()]
    assert (min(lengths), max(lengths)) == (1, LONGEST_PROMPT)
    findings = compare(model, expected(), track)
    assert findings.compared == 3 * len(expected()) and findings.wrong == []
    assert findings.logit_difference < 1e-3


def test_turns_with_random_cancels_answer_as_if_each_were_the_first(model: PrefixModel) -> None:
    findings, _ = drill(model, [one for one in expected() if len(one.prompt) < 200], 24, track)
    assert 0 < findings.compared < 24 and findings.wrong == []


def test_a_cache_that_holds_other_tokens_than_it_says_is_found(model: PrefixModel) -> None:
    model.forget = lambda adapter: None  # type: ignore[method-assign]
    (one,) = (one for one in expected() if one.adapter == ADAPTERS[0] and 1 < len(one.prompt) < LONGEST_PROMPT)
    with model.running(one.adapter):
        model.prefill(one.adapter, one.prompt[::-1])
    model._cached[one.adapter] = list(one.prompt)
    findings = compare(model, [one], track)
    assert findings.logit_difference > 0.1 and "tokens, empty: token" in findings.wrong[0]
