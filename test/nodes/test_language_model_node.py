"""The language model node with the bundled demo model: real 4-bit weights, both adapters, real topics."""

import subprocess
import sys
from pathlib import Path
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


def test_a_server_answers_in_the_models_place_and_the_local_model_in_the_servers(watcher: Any) -> None:
    script = Path(__file__).parents[1] / "openai_server.py"
    with subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdin is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        watcher.start("language_model", server=url, server_patience=60.0)
        ready(watcher)
        watcher.diagnostics("language_model", lambda figures: f"runs on the server {url}" in figures["message"])
        watcher.send(topics.LLM_REQUEST, request("served", adapter="response", max_new_tokens=12))
        served = result(watcher, "served")
        server.kill()
    watcher.send(topics.LLM_REQUEST, request("local", adapter="response", max_new_tokens=12))
    local = result(watcher, "local")
    assert (served.status, local.status) == ("ok", "ok") and served.text == local.text != ""
    figures = watcher.diagnostics("language_model", lambda figures: "the local model answers" in figures["message"])
    assert figures["exchanges left out of the prompt"] == "0"


def test_an_address_that_is_none_stops_the_start(watcher: Any) -> None:
    node = watcher.start("language_model", server="school-server", model="''")
    assert node.wait(timeout=40) == 2
    assert "'school-server' is no address" in watcher.log("language_model").read_text()
