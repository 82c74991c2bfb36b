"""The language model node with the bundled demo model: real 4-bit weights, both adapters, real topics."""

from typing import Any

from phied_robot import topics
from phied_robot.messages import ChatMessage, LlmCancel, LlmChunk, LlmRequest, LlmResult, LlmState
from phied_robot.pedagogy.strategies import codes

CHAT = [
    ChatMessage(role="system", content="You are Reachy, a small robot. Notes:\n- Plants use sunlight to make food."),
    ChatMessage(role="user", content="Why do plants need sunlight?"),
]


def request(number: str, **fields: Any) -> LlmRequest:
    return LlmRequest(request_id=number, turn_id=f"turn-{number}", messages=CHAT, **fields)


def ready(watcher: Any) -> None:
    watcher.wait_for(topics.LLM_STATE, LlmState, lambda state: state.state == "ready")


def result(watcher: Any, number: str) -> LlmResult:
    found: LlmResult = watcher.wait_for(topics.LLM_RESULT, LlmResult, lambda one: one.request_id == number)
    return found


def test_strategies_are_scored_and_answers_stream(watcher: Any) -> None:
    watcher.start("language_model")
    ready(watcher)
    watcher.send(topics.LLM_REQUEST, request("score", adapter="strategy", choices=codes()))
    scored = result(watcher, "score")
    assert scored.status == "ok" and list(scored.probabilities) == codes()
    assert abs(sum(scored.probabilities.values()) - 1) < 1e-4
    watcher.send(topics.LLM_REQUEST, request("answer", adapter="response", max_new_tokens=30))
    answered = result(watcher, "answer")
    pieces = [chunk.text for chunk in watcher.payloads(topics.LLM_CHUNK, LlmChunk) if chunk.request_id == "answer"]
    assert answered.status == "ok" and answered.text and "".join(pieces) == answered.text
    assert len(pieces) > 1 and {"queued", "prefill", "total"} <= answered.timings.keys()


def test_a_cancelled_turn_ends_and_the_next_one_works(watcher: Any) -> None:
    watcher.start("language_model")
    ready(watcher)
    for number in ("first", "second"):
        watcher.send(topics.LLM_REQUEST, request(number, adapter="response", max_new_tokens=400, temperature=2.0))
    watcher.send(topics.LLM_CANCEL, LlmCancel(turn_id="turn-second"))
    assert result(watcher, "second").status == "cancelled"
    watcher.send(topics.LLM_REQUEST, request("third", adapter="strategy", choices=codes()))
    assert result(watcher, "third").status == "ok"


def test_too_many_requests_and_foreign_payloads_are_refused(watcher: Any) -> None:
    watcher.start("language_model", queue_size=1)
    ready(watcher)
    for number in range(4):
        busy = request(f"busy-{number}", adapter="response", max_new_tokens=60, temperature=2.0)
        watcher.send(topics.LLM_REQUEST, busy)
    refused = watcher.wait_for(topics.LLM_RESULT, LlmResult, lambda one: one.status == "refused")
    assert "busy" in refused.reason
    watcher.send(topics.LLM_REQUEST, '{"schema": "phied/llm_request/9"}')
    watcher.diagnostics("language_model", lambda figures: figures.get("refused llm/request") == "1")


def test_a_model_that_is_not_there_stops_the_start(watcher: Any) -> None:
    node = watcher.start("language_model", model="/no/such/model")
    assert node.wait(timeout=40) == 2
    assert "/no/such/model" in watcher.log("language_model").read_text()
