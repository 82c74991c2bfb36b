"""Guesses: found where the same two tokens stood before, and of no influence on what is answered."""

from typing import Any

import pytest
import tiny_phi3
import torch

from phied_robot.language_model.chat import encode
from phied_robot.language_model.eager import EagerEngine
from phied_robot.language_model.loading import LoadedModel, load
from phied_robot.language_model.lookup import Lookup
from phied_robot.language_model.sampling import Sampling
from phied_robot.language_model.sources import ModelSource, resolve
from phied_robot.messages import Session
from phied_robot.pedagogy.tutoring import Tutoring


def test_what_followed_the_last_two_tokens_is_guessed() -> None:
    lookup = Lookup([1, 2, 3, 4, 9, 2, 3])
    assert lookup.following(3) == [4, 9, 2] and lookup.following(1) == [4]
    lookup.add(5)
    assert lookup.following(3) == []
    for token in (2, 3):
        lookup.add(token)
    assert lookup.following(3) == [5, 2, 3]  # the latest place counts


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 1]])
def test_what_never_stood_before_is_not_guessed(tokens: list[int]) -> None:
    assert Lookup(tokens).following(7) == []


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    folder = tiny_phi3.tutor_folder()
    adapters = {name: str(folder / "adapters" / name) for name in ("strategy", "response")}
    return load(ModelSource(str(folder), adapters=adapters), device="cpu")


def answer(
    loaded: LoadedModel, prompt: list[int], guesses: int, sampling: Sampling, number: int
) -> tuple[list[int], int]:
    """An answer of so many tokens, and the number of forward passes that it took."""
    engine = EagerEngine(loaded, len(prompt) + number)
    forward, passes = engine._forward, 0

    def counted(*arguments: Any) -> torch.Tensor:
        nonlocal passes
        passes += 1
        return forward(*arguments)

    counted.guesses = guesses  # type: ignore[attr-defined]
    engine._forward = counted  # type: ignore[assignment]
    with torch.inference_mode():
        engine.prefill("response", prompt, 0)
        stream = engine.decode("response", len(prompt), prompt, sampling)
        return [next(stream) for _ in range(number)], passes


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=1.5, seed=3),
        Sampling(repetition_penalty=1.3),
        Sampling(temperature=0.2, seed=1),
    ],
)
def test_guesses_change_no_answer_up_to_the_last_token_that_the_cache_holds(
    loaded: LoadedModel, sampling: Sampling
) -> None:
    prompt = [5, 6, 7, 8, 5, 6, 7, 8, 5, 6]
    plain, passes = answer(loaded, prompt, 0, sampling, 54)
    guessed, fewer = answer(loaded, prompt, 7, sampling, 54)
    assert guessed == plain and passes == 54 and fewer <= passes


def test_an_answer_that_quotes_its_notes_takes_half_the_passes() -> None:
    demo = load(resolve("demo"), device="cpu")
    tutoring = Tutoring()
    tutoring.set_session(Session(session_id="s", lesson="plants", age=10))
    messages = tutoring.response_messages("What do roots do?", "direct_instruction")
    prompt = encode(demo.tokenizer, messages, 500).ids
    plain, passes = answer(demo, prompt, 0, Sampling(), 24)
    guessed, fewer = answer(demo, prompt, 7, Sampling(), 24)
    assert "Roots drink water" in demo.tokenizer.decode(plain)
    assert guessed == plain and fewer <= passes / 2
