"""The course of a turn: phases, fallbacks for late stages, and exactly one terminal message."""

import pytest

from phied_robot.messages import Control, Expression, Payload, Reply, Strategy, Transcript, Turn
from phied_robot.sessions.turns import GRACE, Deadlines, TurnTracker

DEADLINES = Deadlines(deciding=1.0, answering=2.0, speaking=5.0)


@pytest.fixture
def tracker() -> TurnTracker:
    return TurnTracker(DEADLINES, prepared=lambda question: f"Prepared for {question}")


def heard(turn_id: str = "t1", stamp: float = 10.1) -> Transcript:
    return Transcript(turn_id=turn_id, final="Why?", stamp=stamp, speech_ended=10.0, source="typed")


def terminal(messages: list[Payload]) -> list[Turn]:
    return [message for message in messages if isinstance(message, Turn) and message.done]


def whole_turn(tracker: TurnTracker, turn_id: str = "t1") -> list[Payload]:
    def on(payload: type[Payload], **fields: object) -> Payload:
        return payload.model_validate({"turn_id": turn_id, **fields})

    out = tracker.heard(heard(turn_id), None, 0.0)
    gesture = {"event": "gesture", "gesture": "thinking", "stamp": 10.15}
    out += tracker.expression(on(Expression, **gesture), 0.1)  # type: ignore[arg-type]
    strategy = {"label": "scaffolding", "probabilities": {"scaffolding": 1.0}, "stamp": 10.2}
    out += tracker.strategy(on(Strategy, **strategy), 0.2)  # type: ignore[arg-type]
    out += tracker.reply(on(Reply, sentence="A hint.", stamp=10.4), 0.3)  # type: ignore[arg-type]
    out += tracker.reply(on(Reply, done=True, stamp=10.5), 0.4)  # type: ignore[arg-type]
    started = {"event": "sentence_started", "audio_file": "/a.wav", "stamp": 10.6}
    out += tracker.expression(on(Expression, **started), 0.5)  # type: ignore[arg-type]
    out += tracker.expression(on(Expression, event="sentence_ended", stamp=12.6), 2.0)  # type: ignore[arg-type]
    out += tracker.expression(on(Expression, event="finished", stamp=12.6), 2.1)  # type: ignore[arg-type]
    return out


def test_a_whole_turn_ends_once_with_all_of_it(tracker: TurnTracker) -> None:
    messages = whole_turn(tracker)
    assert [message.phase for message in messages if isinstance(message, Turn)] == [
        "deciding",
        "answering",
        "speaking",
        "ended",
    ]
    (turn,) = terminal(messages)
    assert turn.status == "done"
    assert (turn.heard, turn.strategy, turn.answer) == ("Why?", "scaffolding", "A hint.")
    assert (turn.gestures, turn.audio_files) == (["thinking"], ["/a.wav"])
    assert turn.timings == pytest.approx(
        {
            "recognition": 0.1,
            "strategy": 0.1,
            "first_sentence": 0.2,
            "voice": 0.2,
            "whole_answer": 0.3,
            "speaking": 2.0,
            "speech_to_thinking": 0.15,
            "speech_to_first_audio": 0.6,
        }
    )


def test_nothing_follows_a_terminal_message(tracker: TurnTracker) -> None:
    whole_turn(tracker)
    assert tracker.expression(Expression(turn_id="t1", event="finished"), 3.0) == []
    assert tracker.heard(heard("t1"), None, 3.0) == []
    assert tracker.tick(1000.0) == []
    assert tracker.cancel("end") == []


def test_a_newer_question_cancels_the_turn_under_way(tracker: TurnTracker) -> None:
    tracker.heard(heard("t1"), None, 0.0)
    control, ended, begun = tracker.heard(heard("t2"), None, 0.5)
    assert isinstance(control, Control) and (control.action, control.turn_id) == ("cancel", "t1")
    assert isinstance(ended, Turn) and (ended.status, ended.turn_id, ended.done) == ("cancelled", "t1", True)
    assert isinstance(begun, Turn) and (begun.phase, begun.turn_id) == ("deciding", "t2")


def test_a_refused_question_is_blocked_and_leaves_the_turn_under_way_alone(tracker: TurnTracker) -> None:
    tracker.heard(heard("t1"), None, 0.0)
    (blocked,) = tracker.heard(heard("t2"), "too long", 0.5)
    assert isinstance(blocked, Turn) and (blocked.status, blocked.reason, blocked.done) == ("blocked", "too long", True)
    assert tracker.turn_id == "t1"


def test_a_late_strategy_gets_its_fallback_once_and_then_the_turn_fails(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    assert tracker.tick(0.9) == []
    (control,) = tracker.tick(1.1)
    assert isinstance(control, Control) and control.action == "default_strategy"
    assert tracker.tick(1.2) == []
    (default,) = tracker.tick(1.1 + GRACE + 0.1)
    assert isinstance(default, Strategy) and (default.source, default.question) == ("default", "Why?")
    control, ended = tracker.tick(10.0)
    assert isinstance(control, Control) and control.action == "cancel"
    assert isinstance(ended, Turn) and ended.status == "failed" and "pedagogical_strategy" in ended.reason


def test_a_late_answer_gets_a_prepared_sentence(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.5)
    (control,) = tracker.tick(2.6)
    assert isinstance(control, Control) and control.action == "prepared_reply"
    (reply,) = tracker.tick(2.6 + GRACE + 0.1)
    assert isinstance(reply, Reply) and (reply.sentence, reply.source, reply.done) == (
        "Prepared for Why?",
        "prepared",
        True,
    )
    assert tracker.reply(reply, 4.0) and tracker.reply(Reply(turn_id="t1", sentence="Late."), 4.1) == []
    (ended,) = tracker.expression(Expression(turn_id="t1", event="finished"), 5.0)
    assert isinstance(ended, Turn) and (ended.status, ended.answer) == ("done", "Prepared for Why?")


def test_nobody_waits_for_a_node_that_is_gone() -> None:
    gone = {"pedagogical_strategy", "response_generation", "robot_expression"}
    tracker = TurnTracker(DEADLINES, prepared=lambda question: "Prepared.", gone=gone.__contains__)
    tracker.heard(heard(), None, 0.0)
    (strategy,) = tracker.tick(0.0)
    assert isinstance(strategy, Strategy) and tracker.strategy(strategy, 0.0)
    (reply,) = tracker.tick(0.0)
    assert isinstance(reply, Reply) and tracker.reply(reply, 0.0)
    (ended,) = tracker.tick(0.0)
    assert isinstance(ended, Turn) and (ended.status, ended.answer) == ("done", "Prepared.")
    assert "robot_expression" in ended.reason


def test_an_answer_whose_end_is_missing_is_ended_once_it_was_spoken(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.1)
    tracker.reply(Reply(turn_id="t1", sentence="One."), 0.2)
    assert tracker.tick(4.5) == []
    tracker.expression(Expression(turn_id="t1", event="sentence_ended", sentence="Hm."), 0.3)
    assert tracker.tick(4.5) == []
    tracker.expression(Expression(turn_id="t1", event="sentence_ended", sentence="One."), 0.4)
    (end,) = tracker.tick(4.5)
    assert isinstance(end, Reply) and end.done and not end.sentence
    assert tracker.tick(4.6) == []


def test_a_voice_that_died_in_the_answer_is_told_what_is_left_to_say(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    for sentence in ("One.", "Two.", "Three."):
        tracker.reply(Reply(turn_id="t1", sentence=sentence), 0.2)
    tracker.expression(Expression(turn_id="t1", event="sentence_ended", sentence="One."), 0.3)
    tracker.expression(Expression(turn_id="t1", event="sentence_started", sentence="Two."), 0.3)
    (left,) = tracker.expression(Expression(turn_id="t1", event="lost"), 0.4)
    assert isinstance(left, Reply) and (left.sentence, left.source, left.done) == ("Two. Three.", "repeated", False)
    assert tracker.reply(left, 0.5) == []
    tracker.reply(Reply(turn_id="t1", done=True), 0.6)
    (left,) = tracker.expression(Expression(turn_id="t1", event="lost"), 0.7)
    assert isinstance(left, Reply) and left.done
    (ended,) = tracker.expression(Expression(turn_id="t1", event="finished"), 0.8)
    assert isinstance(ended, Turn) and (ended.status, ended.answer) == ("done", "One. Two. Three.")


def test_a_flood_leaves_a_turn_that_a_payload_holds(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    for number in range(300):
        tracker.reply(Reply(turn_id="t1", sentence="\x00" * 3_900), 0.2)
        tracker.expression(Expression(turn_id="t1", event="gesture", gesture="g" * 40), 0.2)
        file = f"/{number:03}".ljust(1_024, "x")
        tracker.expression(Expression(turn_id="t1", event="sentence_started", audio_file=file), 0.2)
    (_, ended) = tracker.stop("enough")
    assert Turn.from_json(ended.to_json()).turn_id == "t1"
    (blocked,) = tracker.heard(Transcript(turn_id="t2", final="\x00" * 65_536), "unreadable", 1.0)
    assert Turn.from_json(blocked.to_json()).status == "blocked"


def test_a_turn_that_ended_before_a_restart_is_not_answered_again() -> None:
    tracker = TurnTracker(DEADLINES, prepared=str, ended=["t1"])
    assert tracker.heard(heard("t1"), None, 0.0) == []
    assert tracker.heard(heard("t2"), None, 0.0)


def test_a_voice_that_goes_on_is_not_late(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.1)
    tracker.reply(Reply(turn_id="t1", sentence="One."), 0.2)
    for second in range(4, 40, 4):
        tracker.expression(Expression(turn_id="t1", event="sentence_started"), float(second))
        assert tracker.tick(second + 3.9) == []
    (_, ended) = tracker.tick(60.0)
    assert isinstance(ended, Turn) and "robot_expression" in ended.reason


def test_stop_ends_the_turn_and_reaches_the_robot_also_without_one(tracker: TurnTracker) -> None:
    (idle,) = tracker.stop("stopped")
    assert isinstance(idle, Control) and idle.action == "stop"
    tracker.heard(heard(), None, 0.0)
    control, ended = tracker.stop("stopped")
    assert isinstance(control, Control) and control.action == "stop"
    assert isinstance(ended, Turn) and ended.status == "cancelled"


def test_of_an_answer_that_is_interrupted_only_what_was_heard_is_remembered(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.1)
    for sentence in ("Once there was a bean.", "It slept.", "What did it do?"):
        tracker.reply(Reply(turn_id="t1", sentence=sentence), 0.2)
    for event in ("sentence_started", "sentence_ended"):
        tracker.expression(Expression(turn_id="t1", event=event, sentence="Once there was a bean."), 1.0)
    tracker.expression(Expression(turn_id="t1", event="sentence_started", sentence="It slept."), 2.0)
    (ended,) = terminal(tracker.stop("stopped by the teacher"))
    assert ended.answer == "Once there was a bean. It slept."


def test_messages_of_another_turn_change_nothing(tracker: TurnTracker) -> None:
    tracker.heard(heard("t2"), None, 0.0)
    assert tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.1) == []
    assert tracker.reply(Reply(turn_id="t1", sentence="Old."), 0.1) == []
    assert tracker.expression(Expression(turn_id="t1", event="finished"), 0.1) == []


def test_a_second_strategy_for_a_turn_is_dropped(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    assert tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.1)
    assert tracker.strategy(Strategy(turn_id="t1", label="encouragement"), 0.2) == []


def test_a_turn_ends_also_when_the_robot_has_finished_before_the_answer_s_end_arrives(tracker: TurnTracker) -> None:
    tracker.heard(heard(), None, 0.0)
    tracker.strategy(Strategy(turn_id="t1", label="scaffolding"), 0.1)
    tracker.reply(Reply(turn_id="t1", sentence="One."), 0.2)
    assert tracker.expression(Expression(turn_id="t1", event="finished"), 0.3) == []
    (ended,) = tracker.reply(Reply(turn_id="t1", done=True), 0.4)
    assert isinstance(ended, Turn) and (ended.status, ended.done, ended.answer) == ("done", True, "One.")
