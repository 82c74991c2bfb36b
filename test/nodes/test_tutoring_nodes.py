"""The strategy and the response node, with the language model's part played by the test."""

from typing import Any

import pytest

from phied_robot import topics
from phied_robot.messages import (
    Control,
    Exchange,
    LlmCancel,
    LlmChunk,
    LlmRequest,
    LlmResult,
    LlmState,
    Progress,
    Reply,
    Session,
    Strategy,
    Turn,
)
from phied_robot.pedagogy.strategies import BY_LABEL, codes

QUESTION = "Why do plants need sunlight?"


@pytest.fixture
def strategies(watcher: Any) -> Any:
    watcher.start("pedagogical_strategy")
    watcher.send(topics.SESSION, Session(session_id="s"))
    watcher.diagnostics("pedagogical_strategy", lambda figures: "tutor/session" not in figures["message"])
    return watcher


@pytest.fixture
def answers(watcher: Any) -> Any:
    watcher.start("response_generation")
    watcher.send(topics.SESSION, Session(session_id="s", extraversion=1.0))
    watcher.diagnostics("response_generation", lambda figures: "tutor/session" not in figures["message"])
    return watcher


def asked(watcher: Any, turn_id: str) -> LlmRequest:
    found: LlmRequest = watcher.wait_for(topics.LLM_REQUEST, LlmRequest, lambda one: one.turn_id == turn_id)
    return found


def begun(turn_id: str, question: str = QUESTION) -> Turn:
    return Turn(turn_id=turn_id, phase="deciding", heard=question)


def finished(turn_id: str) -> Any:
    return lambda one: one.done and one.turn_id == turn_id


def test_what_the_child_said_becomes_a_strategy_with_its_distribution(strategies: Any) -> None:
    strategies.send(topics.TURN, begun("t1"))
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
    strategies.send(topics.TURN, begun("t1"))
    failed = LlmResult(request_id=asked(strategies, "t1").request_id, turn_id="t1", status="failed", reason="memory")
    strategies.send(topics.LLM_RESULT, failed)
    assert strategies.wait_for(topics.STRATEGY, Strategy, lambda one: one.turn_id == "t1").source == "default"
    strategies.send(topics.TURN, begun("t2"))
    asked(strategies, "t2")
    strategies.send(topics.CONTROL, Control(action="default_strategy", turn_id="t2"))
    assert strategies.wait_for(topics.STRATEGY, Strategy, lambda one: one.turn_id == "t2").source == "default"


def test_a_newer_question_cancels_the_older_and_a_blocked_one_asks_nothing(strategies: Any) -> None:
    strategies.send(topics.TURN, begun("t1"))
    asked(strategies, "t1")
    strategies.send(topics.TURN, Turn(turn_id="blocked", phase="ended", status="blocked", heard="?", done=True))
    strategies.send(topics.TURN, begun("t2", "What do roots do?"))
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


def test_a_lesson_a_label_or_a_code_that_is_not_there_is_refused_and_the_node_goes_on(strategies: Any) -> None:
    strategies.start("response_generation")
    strategies.send(topics.SESSION, Session(session_id="s", lesson="alchemy"), readers=2)
    for node in ("pedagogical_strategy", "response_generation"):
        strategies.diagnostics(node, lambda figures: figures.get("refused tutor/session") == "1")
    strategies.send(topics.STRATEGY, Strategy(turn_id="t1", label="bribery", question=QUESTION))
    strategies.diagnostics("response_generation", lambda figures: figures.get("refused tutor/strategy") == "1")
    strategies.send(topics.TURN, begun("t1"), readers=2)
    result = LlmResult(request_id=asked(strategies, "t1").request_id, status="ok", probabilities={"?": 1.0})
    strategies.send(topics.LLM_RESULT, result, readers=2)
    strategies.diagnostics("pedagogical_strategy", lambda figures: figures.get("refused llm/result") == "1")
    strategies.send(topics.CONTROL, Control(action="default_strategy", turn_id="t1"), readers=2)
    assert strategies.wait_for(topics.STRATEGY, Strategy, lambda one: one.source == "default").turn_id == "t1"


def test_a_node_that_comes_back_finds_the_conversation(strategies: Any) -> None:
    exchange = Exchange(turn_id="t0", heard="What are roots?", strategy="direct_instruction", answer="Roots drink.")
    strategies.send(topics.PROGRESS, Progress(session_id="s", lesson="plants", exchanges=[exchange]))
    for life in range(2):
        if life:
            strategies.kill("pedagogical_strategy")
            strategies.start("pedagogical_strategy")
        strategies.diagnostics("pedagogical_strategy", lambda figures: figures.get("turns remembered") == "1")
        strategies.forget(topics.DIAGNOSTICS)
    strategies.send(topics.TURN, begun("t1"))
    assert "Roots drink." in [message.content for message in asked(strategies, "t1").messages]


def test_a_model_that_dies_in_the_answer_leaves_the_sentences_that_were_whole(answers: Any) -> None:
    answers.send(topics.STRATEGY, Strategy(turn_id="t1", label="direct_instruction", question=QUESTION))
    chunk = LlmChunk(request_id=asked(answers, "t1").request_id, turn_id="t1", text="Plants eat light. They al")
    answers.send(topics.LLM_CHUNK, chunk)
    answers.wait_for(topics.REPLY, Reply, lambda one: one.sentence != "")
    answers.send(topics.LLM_STATE, LlmState(state="loading"))
    answers.wait_for(topics.REPLY, Reply, finished("t1"))
    assert [one.sentence for one in answers.payloads(topics.REPLY, Reply)] == ["Plants eat light.", ""]


def test_an_answer_that_the_session_node_gave_in_its_place_is_not_given_again(answers: Any) -> None:
    answers.send(topics.STRATEGY, Strategy(turn_id="t1", label="direct_instruction", question=QUESTION))
    request = asked(answers, "t1")
    answers.send(topics.TURN, Turn(turn_id="t1", phase="speaking", heard=QUESTION))
    assert answers.wait_for(topics.LLM_CANCEL, LlmCancel).turn_id == "t1"
    answers.send(topics.LLM_CHUNK, LlmChunk(request_id=request.request_id, turn_id="t1", text="Late. Very late."))
    answers.send(topics.STRATEGY, Strategy(turn_id="t1", label="scaffolding", question=QUESTION))
    answers.send(topics.STRATEGY, Strategy(turn_id="t2", label="scaffolding", question=QUESTION))
    asked(answers, "t2")
    assert answers.payloads(topics.REPLY, Reply) == []
    assert [one.turn_id for one in answers.payloads(topics.LLM_REQUEST, LlmRequest)] == ["t1", "t2"]


def test_an_end_that_comes_before_the_last_words_loses_none(answers: Any) -> None:
    answers.send(topics.STRATEGY, Strategy(turn_id="t1", label="direct_instruction", question=QUESTION))
    request_id = asked(answers, "t1").request_id
    answers.send(topics.LLM_CHUNK, LlmChunk(request_id=request_id, turn_id="t1", text="Plants eat light. Roots dri"))
    answers.wait_for(topics.REPLY, Reply, lambda one: one.sentence != "")
    text = "Plants eat light. Roots drink. Leaves breathe."
    answers.send(topics.LLM_RESULT, LlmResult(request_id=request_id, turn_id="t1", status="ok", text=text))
    answers.wait_for(topics.REPLY, Reply, finished("t1"))
    said = [one.sentence for one in answers.payloads(topics.REPLY, Reply) if one.sentence]
    assert said == ["Plants eat light.", "Roots drink.", "Leaves breathe."]


def test_a_story_is_chosen_and_told_without_the_model(watcher: Any) -> None:
    for node in ("pedagogical_strategy", "response_generation"):
        watcher.start(node)
    watcher.send(topics.SESSION, Session(session_id="s"), readers=2)
    for node in ("pedagogical_strategy", "response_generation"):
        watcher.diagnostics(node, lambda figures: "tutor/session" not in figures["message"])
    watcher.diagnostics("pedagogical_strategy", lambda figures: int(figures["readers tutor/strategy"]) > 1)
    watcher.send(topics.TURN, begun("t1", "Tell me a story"), readers=2)
    chosen = watcher.wait_for(topics.STRATEGY, Strategy)
    assert (chosen.label, chosen.source) == ("direct_instruction", "lesson")
    watcher.wait_for(topics.REPLY, Reply, finished("t1"))
    told = [one for one in watcher.payloads(topics.REPLY, Reply) if one.sentence]
    assert {one.source for one in told} == {"lesson"} and "bean" in told[-1].sentence
    assert watcher.payloads(topics.LLM_REQUEST, LlmRequest) == []
