"""The worker in front of a real tiny model: queue, cancellation, failures, shutdown."""

import threading
from collections.abc import Iterator
from functools import cache
from queue import Queue
from typing import Any

import pytest
import tiny_phi3

from phied_robot.language_model import worker as worker_module
from phied_robot.language_model.generation import TutorModel
from phied_robot.language_model.loading import Progress, load
from phied_robot.language_model.phi3 import Phi3Forward
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.language_model.worker import Worker
from phied_robot.messages import LlmRequest, LlmResult

PATIENCE = 300.0  # seconds before a test gives up; a busy machine may need many to load the libraries
pytestmark = pytest.mark.timeout(600)


@cache
def tiny_tutor() -> TutorModel:
    return TutorModel(load(resolve(str(tiny_phi3.tutor_folder())), device="cpu"))


class Desk:
    """A worker and what it says; while `gate` is closed, an answer stops at its first piece."""

    def __init__(self, make_model: Any = lambda _: tiny_tutor(), queue_size: int = 2) -> None:
        self.states: list[tuple[str, float, str]] = []
        self.settled = threading.Event()
        self.chunks: Queue[tuple[str, str]] = Queue()
        self.results: Queue[LlmResult] = Queue()
        self.gate = threading.Event()
        self.gate.set()
        self.worker = Worker(make_model, queue_size, self.state, self.chunk, self.results.put)

    def state(self, state: str, progress: float, detail: str) -> None:
        self.states.append((state, progress, detail))
        if state != "loading":
            self.settled.set()

    def chunk(self, request: LlmRequest, text: str) -> None:
        self.chunks.put((request.request_id, text))
        assert self.gate.wait(PATIENCE)

    def ready(self) -> "Desk":
        self.worker.start()
        assert self.settled.wait(PATIENCE)
        return self

    def ask(self, name: str, turn: str = "t1", **more: Any) -> None:
        fields = {"adapter": "response", "messages": [{"role": "user", "content": "Why?"}], "max_new_tokens": 12}
        self.worker.submit(LlmRequest.model_validate({**fields, "request_id": name, "turn_id": turn, **more}))

    def result(self) -> LlmResult:
        return self.results.get(timeout=PATIENCE)

    def begin(self, name: str, turn: str = "t1") -> None:
        """Ask, and wait until the answer stands at its first piece."""
        self.gate.clear()
        self.ask(name, turn, max_new_tokens=200)
        assert self.chunks.get(timeout=PATIENCE)[0] == name


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk().ready()
    yield desk
    desk.gate.set()
    desk.worker.close()


def test_loading_is_reported_and_ready_comes_last(desk: Desk) -> None:
    assert desk.states[-1][:2] == ("ready", 1.0) and "the processor" in desk.states[-1][2]
    assert {state for state, _, _ in desk.states[:-1]} == {"loading"}


def test_an_answer_streams_and_ends_with_its_text_and_timings(desk: Desk) -> None:
    desk.ask("r1", "t1", session_id="s1")
    result = desk.result()
    assert (result.status, result.request_id, result.turn_id, result.session_id) == ("ok", "r1", "t1", "s1")
    pieces = [desk.chunks.get_nowait() for _ in range(desk.chunks.qsize())]
    assert "".join(text for _, text in pieces) == result.text and result.text
    assert 0 < result.tokens <= 12
    assert 0 < result.timings["prefill"] <= result.timings["total"]
    assert 0 <= result.timings["queued"] <= result.timings["total"]


def test_choices_are_scored(desk: Desk) -> None:
    desk.ask("r1", adapter="strategy", choices=["A", "B", "C"])
    result = desk.result()
    assert result.status == "ok" and list(result.probabilities) == ["A", "B", "C"]
    assert sum(result.probabilities.values()) == pytest.approx(1, abs=1e-6)


def test_a_full_queue_refuses_with_a_reason_and_answers_the_rest(desk: Desk) -> None:
    desk.begin("r1")
    for name in ("r2", "r3", "r4"):
        desk.ask(name)
    refused = desk.result()
    assert (refused.request_id, refused.status) == ("r4", "refused")
    assert "2 requests are waiting" in refused.reason
    desk.gate.set()
    assert [(desk.result().request_id) for _ in range(3)] == ["r1", "r2", "r3"]


def test_cancelling_a_turn_ends_its_running_and_waiting_jobs_and_no_other(desk: Desk) -> None:
    desk.begin("running", "t1")
    desk.ask("waiting", "t1")
    desk.ask("other", "t2")
    desk.worker.cancel("t1")
    waiting = desk.result()  # at once, although the other job still stands at its first piece
    assert (waiting.request_id, waiting.status) == ("waiting", "cancelled")
    desk.gate.set()
    running, other = desk.result(), desk.result()
    assert (running.request_id, running.status) == ("running", "cancelled")
    assert running.tokens < 10 and desk.chunks.get_nowait()[0] == "other"
    assert (other.request_id, other.status) == ("other", "ok")


def test_a_cancelled_job_that_waits_makes_room(desk: Desk) -> None:
    desk.begin("r1", "t1")
    desk.ask("r2", "t2")
    desk.ask("r3", "t2")
    desk.worker.cancel("t2")
    desk.ask("r4", "t3")
    assert [desk.result().status for _ in range(2)] == ["cancelled", "cancelled"]
    desk.gate.set()
    assert [(result.request_id, result.status) for result in (desk.result(), desk.result())] == [
        ("r1", "ok"),
        ("r4", "ok"),
    ]


def test_a_request_overtaken_by_its_cancellation_is_cancelled_but_not_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.worker.cancel("t1")
    desk.ask("early", "t1")
    assert desk.result().status == "cancelled"
    now = worker_module.monotonic()
    monkeypatch.setattr(worker_module, "monotonic", lambda: now + 2 * worker_module.REMEMBERED)
    desk.ask("late", "t1")
    assert desk.result().status == "ok"


def test_a_job_that_fails_fails_alone(desk: Desk) -> None:
    desk.ask("long", messages=[{"role": "user", "content": "why " * 3000}])
    desk.ask("good")
    failed, good = desk.result(), desk.result()
    assert (failed.request_id, failed.status) == ("long", "failed")
    assert "ask a shorter question" in failed.reason
    assert (good.request_id, good.status) == ("good", "ok")


def test_an_unforeseen_error_in_a_job_fails_it_with_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    original = desk.chunk

    def chunk(request: LlmRequest, text: str) -> None:
        if request.request_id == "bad":
            raise LookupError("first line\nsecond line")
        original(request, text)

    desk.worker = Worker(lambda _: tiny_tutor(), 2, desk.state, chunk, desk.results.put)
    desk.ready().ask("bad")
    desk.ask("good")
    bad = desk.result()
    assert (bad.status, bad.reason) == ("failed", "the language model failed: LookupError: first line")
    assert desk.result().status == "ok"
    assert "second line" in caplog.text
    desk.worker.close()


def test_a_model_that_cannot_be_loaded_says_why_and_refuses() -> None:
    desk = Desk(lambda progress: TutorModel(load(resolve("/no/such/model"), device="cpu", progress=progress))).ready()
    state, _, detail = desk.states[-1]
    assert state == "failed" and "'/no/such/model' is neither a folder nor a known model id" in detail
    desk.ask("r1")
    assert (result := desk.result()).status == "refused" and result.reason == detail
    desk.worker.close()


def test_a_request_while_loading_is_refused_and_closing_stops_the_loading_and_does_not_wait_for_it() -> None:
    loading, go_on = threading.Event(), threading.Event()

    def make_model(progress: Progress) -> TutorModel:
        loading.set()
        assert go_on.wait(PATIENCE)
        progress(0.5, "halfway")
        raise AssertionError("loading went on after close")

    desk = Desk(make_model)
    desk.worker.start()
    assert loading.wait(PATIENCE)
    desk.ask("r1")
    assert "still loading" in desk.result().reason
    desk.worker.close(deadline_s=PATIENCE)
    assert not go_on.is_set()
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "language_model":
            thread.join(PATIENCE)
    assert desk.states == []


def test_closing_cancels_what_runs_and_what_waits_and_refuses_the_rest() -> None:
    desk = Desk().ready()
    desk.begin("running")
    desk.ask("waiting")
    desk.worker.close(deadline_s=0)  # the running job still stands at its first piece
    desk.gate.set()
    desk.worker.close()
    desk.ask("late")
    ends = {result.request_id: result.status for result in (desk.result(), desk.result(), desk.result())}
    assert ends == {"running": "cancelled", "waiting": "cancelled", "late": "refused"}
    assert not any(thread.name == "language_model" for thread in threading.enumerate())


def test_running_out_of_memory_fails_the_job_and_not_the_worker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def allocate_a_petabyte(*_: object) -> None:
        torch.empty(2**50)

    with monkeypatch.context() as short_of_memory:
        short_of_memory.setattr(Phi3Forward, "__call__", allocate_a_petabyte)
        desk.ask("big")
        assert "not enough memory" in desk.result().reason
    desk.ask("next")
    assert desk.result().status == "ok"


def test_errors_of_a_job_are_model_errors() -> None:
    with pytest.raises(ModelError):
        tiny_tutor().score([{"role": "user", "content": "?"}], "strategy", ["AB CD"])
