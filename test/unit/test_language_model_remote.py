"""The remote engine against a real server process of the demo model: answers, choices, faults, and who steps in."""

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from openai_server import Server, running_server

from phied_robot.language_model.fallback import FallbackModel
from phied_robot.language_model.generation import Generation, TutorModel
from phied_robot.language_model.loading import load
from phied_robot.language_model.prefix import CancelledError
from phied_robot.language_model.remote import KEY_VARIABLE, RemoteError, RemoteModel
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.pedagogy.prompts import Grounding, strategy_messages
from phied_robot.pedagogy.strategies import codes

pytestmark = [pytest.mark.xdist_group("remote"), pytest.mark.timeout(600)]  # one server for all tests
KEY = "sk-very-secret-4711"
PATIENCE = 600.0  # what only ends when a test is broken; faults of time get a short one
MESSAGES = [
    {"role": "system", "content": "You are Reachy, a small robot. Notes:\n- Plants use sunlight to make food."},
    {"role": "user", "content": "Why do plants need sunlight?"},
]
CHOICE = strategy_messages(
    title="Plants", age=8, grounding=Grounding(), history=[], heard="Why do plants need sunlight?"
)
LONG = [MESSAGES[0], *[{"role": role, "content": "Yes."} for role in ("user", "assistant") * 6], MESSAGES[1]]


@pytest.fixture(scope="module")
def process() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(process: Server) -> Server:
    process.plant("none")
    return process


@pytest.fixture
def remote(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    made: list[RemoteModel] = []

    def connect(url: str = server.url, patience: float = PATIENCE) -> RemoteModel:
        made.append(RemoteModel(url, patience=patience))
        return made[-1]

    yield connect
    for one in made:
        one.close()


@cache
def local() -> TutorModel:
    return TutorModel(load(resolve("demo"), device="cpu"))


def answer(model: Any, messages: Any = MESSAGES, **how: Any) -> Generation:
    defaults = {"max_new_tokens": 24, "temperature": 0.0, "seed": 0, "on_text": lambda _: None}
    made: Generation = model.generate(messages, "response", **{**defaults, "cancelled": lambda: False, **how})
    return made


@pytest.mark.parametrize("url", ["robot", "ftp://host/v1", "http://:80/v1", "http://me:secret@host/v1"])
def test_an_address_that_cannot_work_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ModelError, match=r"no address|holds a password") as caught:
        RemoteModel(url)
    assert "secret" not in str(caught.value)


def test_a_server_is_ready_when_it_has_both_adapters(remote: Any, server: Server) -> None:
    remote().warm_up()
    with pytest.raises(ModelError, match="has no model strategy-v2, but response, strategy"):
        RemoteModel(server.url, {"strategy": "strategy-v2", "response": "response"}).warm_up()
    with pytest.raises(RemoteError, match="cannot be reached"):
        remote("http://127.0.0.1:9/v1").warm_up()


def test_an_answer_streams_and_is_that_of_the_local_engine(remote: Any) -> None:
    pieces: list[str] = []
    made = answer(remote(), on_text=pieces.append)
    assert made.text == "".join(pieces) == answer(local()).text
    assert len(pieces) > 1 and made.tokens == len(pieces) and made.seconds_to_first_token > 0 and not made.cancelled


@pytest.mark.parametrize("fault", ["none", "plain"])
def test_the_whole_distribution_is_that_of_the_local_engine_with_and_without_structured_outputs(
    remote: Any, server: Server, fault: str
) -> None:
    server.plant(fault)
    model = remote()
    expected = local().score(CHOICE, "strategy", codes())
    for _ in range(2):
        scores = model.score(CHOICE, "strategy", codes())
        assert list(scores) == codes() and scores == pytest.approx(expected, abs=1e-4)
    assert server.asked() == (2 if fault == "none" else 3)  # what the server refused is not tried again


def test_a_cancelled_answer_ends_while_the_server_is_silent(remote: Any, server: Server) -> None:
    server.plant("stall")
    pieces: list[str] = []
    made = answer(remote(), on_text=pieces.append, cancelled=lambda: len(pieces) == 3)
    assert made.cancelled and made.text == "".join(pieces) and made.tokens == 3
    server.plant("hang")
    with pytest.raises(CancelledError):
        remote().score(MESSAGES, "strategy", codes(), cancelled=lambda: True)


@pytest.mark.parametrize(
    ("fault", "patience", "says"),
    [
        ("error", PATIENCE, "out of memory"),
        ("hang", 0.5, "gave no sign for 0.5 s"),
        ("malformed", PATIENCE, "failed: |ended its answer early"),
        ("html", PATIENCE, "failed: |ended its answer early"),
    ],
)
def test_a_fault_of_the_server_is_one_sentence_and_the_next_request_works(
    remote: Any, server: Server, fault: str, patience: float, says: str
) -> None:
    server.plant(fault)
    model = remote(patience=patience)
    for ask in (lambda: model.score(MESSAGES, "strategy", codes()), lambda: answer(model)):
        with pytest.raises(RemoteError, match=says) as caught:
            ask()
        assert server.url in str(caught.value) and "\n" not in str(caught.value)
    server.plant("none")
    assert answer(remote()).text


@pytest.mark.parametrize("fault", ["cut", "garbage", "early", "stall"])
def test_an_answer_that_breaks_off_fails_after_what_was_said(remote: Any, server: Server, fault: str) -> None:
    server.plant(fault)
    pieces: list[str] = []
    served = remote()

    def hear(text: str) -> None:
        pieces.append(text)
        if fault == "stall" and len(pieces) == 3:
            served._patience = 0.2

    with pytest.raises(RemoteError):
        answer(FallbackModel(served, local()), on_text=hear)
    assert len(pieces) >= 3 and answer(local()).text.startswith("".join(pieces))


def test_a_request_that_fails_at_once_is_tried_again(remote: Any, server: Server) -> None:
    server.plant("once")
    assert answer(remote()).text == answer(local()).text
    assert server.asked() == 2


def test_a_history_that_the_server_finds_too_long_loses_its_oldest_exchanges(remote: Any, server: Server) -> None:
    server.plant("short")
    model = remote()
    made = answer(model, LONG)
    assert made.dropped == model.left_out == 6
    assert made.text == answer(local(), [LONG[0], *LONG[13:]]).text


def test_the_key_is_sent_and_never_written(
    remote: Any, server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    server.plant("key")
    with pytest.raises(RemoteError, match=r"bad key: Bearer \*\*\*") as caught:
        answer(remote())
    FallbackModel(remote(), local()).score(MESSAGES, "strategy", codes())
    assert "the local model answers" in caplog.text
    assert KEY not in caplog.text + str(caught.value) + repr(caught.value)


def test_the_local_model_answers_while_the_server_cannot_and_no_longer(
    remote: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FallbackModel(remote(), local())
    model.warm_up()
    assert (model.trouble, server.url in model.engine) == ("", True)
    server.plant("error")
    assert answer(model).text == answer(local()).text
    assert "the local model answers: the server" in model.trouble
    asked = server.asked()
    assert model.score(MESSAGES, "strategy", codes())
    assert server.asked() == asked  # it is left alone for a while
    server.plant("none")
    monkeypatch.setattr("phied_robot.language_model.fallback.monotonic", lambda: float("inf"))
    assert answer(model).text and model.trouble == "" and server.asked() == 1


def test_without_a_local_model_requests_fail_at_once_until_the_server_is_asked_again(
    remote: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.plant("error")
    model = FallbackModel(remote(), None)
    for _ in range(2):
        with pytest.raises(RemoteError, match=r"prepared sentences|out of memory"):
            answer(model)
    asked = server.asked()
    with pytest.raises(RemoteError, match="prepared sentences: the server"):
        model.score(MESSAGES, "strategy", codes())
    assert server.asked() == asked
    server.plant("none")
    monkeypatch.setattr("phied_robot.language_model.fallback.monotonic", lambda: float("inf"))
    assert answer(model).text == answer(local()).text and model.trouble == ""


def test_a_server_that_is_out_of_reach_does_not_keep_the_local_model_from_starting(remote: Any) -> None:
    for instead in (local(), None):
        model = FallbackModel(remote("http://127.0.0.1:9/v1"), instead)
        model.warm_up()
        assert "cannot be reached" in model.trouble
