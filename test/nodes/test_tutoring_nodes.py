"""The strategy and the response node, with the language model's part played by the test."""

from typing import Any

import pytest

from phied_robot import topics
from phied_robot.messages import (
    Control,
    LlmCancel,
    LlmChunk,
    LlmRequest,
    LlmResult,
    Reply,
    Session,
    Strategy,
    Transcript,
)
from phied_robot.pedagogy.strategies import BY_LABEL, codes

QUESTION = "Why do plants need sunlight?"


@pytest.fixture
def strategies(watcher: Any) -> Any:
    watcher.start("pedagogical_strategy")
    watcher.send(topics.SESSION, Session(session_id="s"))
    watcher.diagnostics("pedagogical_strategy", lambda figures: figures["message"] == "running")
    return watcher


@pytest.fixture
def answers(watcher: Any) -> Any:
    watcher.start("response_generation")
    watcher.send(topics.SESSION, Session(session_id="s", extraversion=1.0))
    watcher.diagnostics("response_generation", lambda figures: figures["message"] == "running")
    return watcher


def asked(watcher: Any, turn_id: str) -> LlmRequest:
    found: LlmRequest = watcher.wait_for(topics.LLM_REQUEST, LlmRequest, lambda one: one.turn_id == turn_id)
    return found


def finished(turn_id: str) -> Any:
    return lambda one: one.done and one.turn_id == turn_id


def test_what_the_child_said_becomes_a_strategy_with_its_distribution(strategies: Any) -> None:
    strategies.send(topics.TRANSCRIPT, Transcript(turn_id="t1", final=QUESTION))
    request = asked(strategies, "t1")
    assert request.adapter == "strategy" and request.choices == codes()
    assert "Plants use sunlight" in request.messages[0].content and request.messages[-1].content == QUESTION
    shares = {code: 0.3 if code == BY_LABEL["scaffolding"].code else 0.1 for code in codes()}
    strategies.send(
        topics.LLM_RESULT,
        LlmResult(request_id=request.request_id, turn_id="t1", status="ok", probabilities=shares),
    )
    strategy = strategies.wait_for(topics.STRATEGY, Strategy, lambda one: one.turn_id == "t1")
    assert (strategy.label, strategy.source, strategy.reveals_answer) == ("scaffolding", "model", False)
    assert strategy.probabilities["scaffolding"] == 0.3 and len(strategy.probabilities) == 8


def test_without_the_model_the_default_strategy_is_taken(strategies: Any) -> None:
    strategies.send(topics.TRANSCRIPT, Transcript(turn_id="t1", final=QUESTION))
    failed = LlmResult(request_id=asked(strategies, "t1").request_id, turn_id="t1", status="failed", reason="memory")
    strategies.send(topics.LLM_RESULT, failed)
    assert strategies.wait_for(topics.STRATEGY, Strategy, lambda one: one.turn_id == "t1").source == "default"
    strategies.send(topics.TRANSCRIPT, Transcript(turn_id="t2", final=QUESTION))
    asked(strategies, "t2")
    strategies.send(topics.CONTROL, Control(action="default_strategy", turn_id="t2"))
    assert strategies.wait_for(topics.STRATEGY, Strategy, lambda one: one.turn_id == "t2").source == "default"


def test_a_newer_question_cancels_the_older_and_a_refused_one_asks_nothing(strategies: Any) -> None:
    strategies.send(topics.TRANSCRIPT, Transcript(turn_id="t1", final=QUESTION))
    asked(strategies, "t1")
    strategies.send(topics.TRANSCRIPT, Transcript(turn_id="refused", final="x" * 20_000))
    strategies.send(topics.TRANSCRIPT, Transcript(turn_id="t2", final="What do roots do?"))
    asked(strategies, "t2")
    assert strategies.wait_for(topics.LLM_CANCEL, LlmCancel).turn_id == "t1"
    turns = {one.turn_id for one in strategies.payloads(topics.LLM_REQUEST, LlmRequest)}
    assert turns == {"t1", "t2"}


def test_an_answer_is_handed_on_sentence_by_sentence(answers: Any) -> None:
    answers.send(topics.STRATEGY, Strategy(turn_id="t1", label="direct_instruction", question=QUESTION))
    request = asked(answers, "t1")
    assert request.adapter == "response" and "Speak warmly" in request.messages[0].content
    for text in ("Plants eat", " light. It takes 3.1", "4 hours."):
        answers.send(topics.LLM_CHUNK, LlmChunk(request_id=request.request_id, turn_id="t1", text=text))
    first = answers.wait_for(topics.REPLY, Reply, lambda one: one.sentence != "")
    assert first.sentence == "Plants eat light."
    answers.send(topics.LLM_RESULT, LlmResult(request_id=request.request_id, turn_id="t1", status="ok"))
    answers.wait_for(topics.REPLY, Reply, finished("t1"))
    said = [one.sentence for one in answers.payloads(topics.REPLY, Reply) if one.sentence]
    assert said == ["Plants eat light.", "It takes 3.14 hours."]


@pytest.mark.parametrize("late", [False, True])
def test_without_an_answer_the_lesson_speaks_for_itself(answers: Any, late: bool) -> None:
    answers.send(topics.STRATEGY, Strategy(turn_id="t1", label="direct_instruction", question=QUESTION))
    request = asked(answers, "t1")
    if late:
        answers.send(topics.CONTROL, Control(action="prepared_reply", turn_id="t1"))
    else:
        failed = LlmResult(request_id=request.request_id, turn_id="t1", status="failed", reason="memory")
        answers.send(topics.LLM_RESULT, failed)
    answers.wait_for(topics.REPLY, Reply, finished("t1"))
    prepared = [one for one in answers.payloads(topics.REPLY, Reply) if one.sentence]
    assert len(prepared) == 1 and prepared[0].source == "prepared"
    assert "Plants use sunlight to make their own food." in prepared[0].sentence


@pytest.mark.parametrize("node", ["pedagogical_strategy", "response_generation"])
def test_foreign_payloads_are_refused_and_counted(watcher: Any, node: str) -> None:
    watcher.start(node)
    for topic in (topics.SESSION, topics.TURN, topics.CONTROL, topics.LLM_RESULT):
        watcher.send(topic, '{"schema": "other/thing/1"}')
    names = [f"refused {topic.name}" for topic in (topics.SESSION, topics.TURN, topics.CONTROL, topics.LLM_RESULT)]
    watcher.diagnostics(node, lambda figures: all(figures.get(name) == "1" for name in names))
