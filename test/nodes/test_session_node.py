"""The session node: owner of the session, of the turns' course, and of the store."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from std_srvs.srv import SetBool, Trigger

from phied_robot import topics
from phied_robot.messages import (
    Control,
    Expression,
    Progress,
    Reply,
    Session,
    SessionSet,
    Strategy,
    Transcript,
    Turn,
)


def question(turn_id: str, text: str = "Why do plants need sunlight?") -> Transcript:
    return Transcript(turn_id=turn_id, final=text, source="typed")


def ended(turn_id: str) -> Any:
    return lambda turn: turn.done and turn.turn_id == turn_id


def test_the_session_is_latched_and_changed_by_a_wish(watcher: Any) -> None:
    watcher.start("session", lesson="fractions", personality="introvert", age=9)
    session = watcher.wait_for(topics.SESSION, Session)
    assert (session.lesson, session.extraversion, session.age) == ("fractions", -1.0, 9)
    watcher.send(topics.SESSION_SET, SessionSet(lesson="plants", extraversion=0.5))
    changed = watcher.wait_for(topics.SESSION, Session, lambda one: one.lesson == "plants")
    assert (changed.extraversion, changed.age, changed.session_id) == (0.5, 9, session.session_id)


def test_a_lesson_that_does_not_exist_is_refused_and_the_session_stays(watcher: Any) -> None:
    watcher.start("session")
    watcher.send(topics.SESSION_SET, SessionSet(lesson="alchemy"))
    refused = watcher.wait_for(topics.SESSION, Session, lambda one: one.notice != "")
    assert refused.lesson == "plants"
    assert "alchemy" in refused.notice and "water_cycle" in refused.notice


def test_a_turn_is_followed_and_on_disk_when_its_terminal_message_comes(watcher: Any, tmp_path: Path) -> None:
    store = tmp_path / "turns.sqlite"
    watcher.start("session", store=store, deciding_deadline=60.0, answering_deadline=60.0)
    watcher.send(topics.TRANSCRIPT, question("t1"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.phase == "deciding")
    watcher.send(topics.STRATEGY, Strategy(turn_id="t1", label="direct_instruction", probabilities={"x": 1.0}))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="Plants make food from light."))
    watcher.send(topics.REPLY, Reply(turn_id="t1", done=True))
    watcher.send(topics.EXPRESSION, Expression(turn_id="t1", event="finished"))
    turn = watcher.wait_for(topics.TURN, Turn, ended("t1"))
    assert (turn.status, turn.answer) == ("done", "Plants make food from light.")
    rows = sqlite3.connect(store).execute("SELECT turn_id, pupil, status FROM turns").fetchall()
    assert rows == [("t1", "pupil-1", "done")]


def test_a_turn_that_nobody_serves_gets_its_fallback_and_fails_with_a_reason(watcher: Any) -> None:
    watcher.start("session", deciding_deadline=0.2, answering_deadline=0.2, speaking_deadline=1.0)
    watcher.send(topics.TRANSCRIPT, question("t1"))
    watcher.wait_for(topics.CONTROL, Control, lambda control: control.action == "default_strategy")
    assert watcher.wait_for(topics.STRATEGY, Strategy).source == "default"
    watcher.wait_for(topics.CONTROL, Control, lambda control: control.action == "prepared_reply")
    prepared = watcher.wait_for(topics.REPLY, Reply)
    assert (prepared.source, prepared.done) == ("prepared", True)
    assert "Plants use sunlight to make their own food." in prepared.sentence
    turn = watcher.wait_for(topics.TURN, Turn, ended("t1"))
    assert turn.status == "failed" and "robot_expression" in turn.reason and turn.answer == prepared.sentence
    assert all(seconds < 60 for seconds in turn.timings.values())  # though the question came without a stamp
    assert len([one for one in watcher.payloads(topics.TURN, Turn) if one.done]) == 1


def test_a_session_node_that_comes_back_finds_the_session_the_conversation_and_the_turn(watcher: Any) -> None:
    watcher.start("session", session_id="s1", deciding_deadline=60.0, answering_deadline=60.0)
    watcher.send(topics.SESSION_SET, SessionSet(lesson="fractions", extraversion=1.0))
    watcher.send(topics.TRANSCRIPT, question("t1"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.phase == "deciding")
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="A half.", done=True))
    watcher.send(topics.EXPRESSION, Expression(turn_id="t1", event="finished"))
    watcher.wait_for(topics.TURN, Turn, ended("t1"))
    watcher.send(topics.TRANSCRIPT, question("t2"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.turn_id == "t2")
    watcher.kill("session")
    watcher.forget(topics.SESSION, topics.PROGRESS)
    watcher.start("session", session_id="s1")
    found = watcher.wait_for(topics.SESSION, Session)
    assert (found.session_id, found.lesson, found.extraversion) == ("s1", "fractions", 1.0)
    progress = watcher.wait_for(topics.PROGRESS, Progress)
    assert [one.answer for one in progress.exchanges] == ["A half."] and progress.ended == ["t1", "t2"]
    lost = watcher.wait_for(topics.TURN, Turn, ended("t2"))
    assert lost.status == "failed" and "session node died" in lost.reason
    assert watcher.wait_for(topics.CONTROL, Control).turn_id == "t2"
    watcher.send(topics.TRANSCRIPT, question("t1"))
    watcher.send(topics.TRANSCRIPT, question("t3"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.turn_id == "t3")
    terminal = [turn.turn_id for turn in watcher.payloads(topics.TURN, Turn) if turn.done]
    assert terminal == ["t1", "t2"]


@pytest.mark.parametrize("text", ["x" * 20_000, "Почему растениям нужен свет?", "为什么植物需要阳光", "   "])
def test_a_question_that_cannot_be_read_is_blocked_with_a_reason(watcher: Any, text: str) -> None:
    watcher.start("session")
    watcher.send(topics.TRANSCRIPT, question("t1", text))
    turn = watcher.wait_for(topics.TURN, Turn, ended("t1"))
    assert turn.status == "blocked" and turn.reason


def test_stop_and_pause(watcher: Any) -> None:
    watcher.start("session")
    watcher.send(topics.TRANSCRIPT, question("t1"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.turn_id == "t1")
    assert watcher.call(Trigger, "tutor/stop", Trigger.Request()).success
    assert watcher.wait_for(topics.TURN, Turn, ended("t1")).status == "cancelled"
    watcher.wait_for(topics.CONTROL, Control, lambda control: control.action == "stop")
    assert watcher.call(SetBool, "tutor/pause", SetBool.Request(data=True)).success
    assert watcher.wait_for(topics.SESSION, Session, lambda one: one.paused)
    watcher.send(topics.TRANSCRIPT, question("t2"))
    assert watcher.wait_for(topics.TURN, Turn, ended("t2")).reason == "the lesson is paused"
    watcher.call(SetBool, "tutor/pause", SetBool.Request(data=False))
    watcher.send(topics.TRANSCRIPT, question("t3"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.turn_id == "t3" and turn.phase == "deciding")


def test_foreign_and_malformed_payloads_are_refused_counted_and_harmless(watcher: Any) -> None:
    watcher.start("session")
    for topic in (topics.TRANSCRIPT, topics.STRATEGY, topics.REPLY, topics.EXPRESSION, topics.SESSION_SET):
        for text in ("not json", "{}", '{"schema": "other/thing/1"}', "[" * 50_000):
            watcher.send(topic, text)
    for topic in (topics.TRANSCRIPT, topics.SESSION_SET):
        watcher.diagnostics("session", lambda figures, name=topic.name: figures.get(f"refused {name}") == "4")
    watcher.send(topics.TRANSCRIPT, question("t1"))
    watcher.wait_for(topics.TURN, Turn, lambda turn: turn.turn_id == "t1")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"personality": "'7'"}, "from -1 (introvert) to 1 (extravert)"),
        ({"age": 40}, "age"),
        ({"age": "old"}, "age"),
        ({"lesson": "alchemy"}, "no lesson 'alchemy'"),
        ({"langauge": "en"}, "there is no such parameter"),
        ({"store": "/proc/none/x.sqlite"}, "/proc/none/x.sqlite"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(watcher: Any, parameters: dict[str, Any], said: str) -> None:
    node = watcher.start("session", **parameters)
    assert node.wait(timeout=40) == 2
    assert said in watcher.log("session").read_text()


def test_all_wrong_settings_are_said_at_once(watcher: Any) -> None:
    node = watcher.start("session", age=40, deciding_deadline=1000.0, colour="red")
    assert node.wait(timeout=40) == 2
    log = watcher.log("session").read_text()
    assert "age" in log and "deciding_deadline" in log and "colour" in log
