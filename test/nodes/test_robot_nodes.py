"""The expression node and the robot node: real speech synthesis, the maker's daemon without physics."""

import math
from pathlib import Path
from typing import Any

from sensor_msgs.msg import JointState

from phied_robot import topics
from phied_robot.messages import Control, Expression, Progress, Reply, RobotState, Session, Strategy, Turn
from phied_robot.pedagogy.prepared import resumed
from phied_robot.robots.simulator import Simulator, free_port
from phied_robot.speech.audio import read_wav


def deciding(turn_id: str) -> Turn:
    return Turn(turn_id=turn_id, phase="deciding", heard="Why?")


def begin(watcher: Any, turn: Turn) -> Expression:
    """Begin a turn, and wait until the node thinks about it: what comes on another topic may overtake it."""
    watcher.send(topics.TURN, turn)
    return watcher.wait_for(topics.EXPRESSION, Expression, lambda one: one.turn_id == turn.turn_id)


def event(name: str) -> Any:
    return lambda one: one.event == name


def test_an_answer_is_spoken_and_acted(watcher: Any, tmp_path: Path) -> None:
    watcher.start("robot_expression", audio_folder=tmp_path / "audio")
    watcher.send(topics.SESSION, Session(session_id="s", extraversion=1.0))
    assert begin(watcher, deciding("t1")).gesture
    watcher.send(topics.STRATEGY, Strategy(turn_id="t1", label="confirmation"))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="Plants use sunlight to make their own food."))
    watcher.send(topics.REPLY, Reply(turn_id="t1", done=True))
    spoken = watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started"))
    watcher.wait_for(topics.EXPRESSION, Expression, event("finished"))
    recording = read_wav(Path(spoken.audio_file))
    assert 1.0 < recording.duration < 6.0 and abs(spoken.duration - recording.duration) < 0.1
    flags = [message.data for message in watcher.messages(topics.SPEAKING)]
    assert flags[0] is False and True in flags and flags[-1] is False
    head = [message.position[3:6] for message in watcher.messages(topics.JOINT_COMMANDS)]
    travel = max(max(axis) - min(axis) for axis in zip(*head, strict=True))
    assert math.degrees(travel) > 5


def test_a_voice_that_comes_back_in_an_answer_asks_for_what_is_left_and_says_it_once(watcher: Any) -> None:
    watcher.send(topics.PROGRESS, Progress(turn=Turn(turn_id="t1", phase="speaking", heard="Why?")), readers=0)
    watcher.start("robot_expression")
    watcher.wait_for(topics.EXPRESSION, Expression, event("lost"))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="This was said before.", done=True))
    left = Reply(turn_id="t1", sentence="Plants eat light.", source="repeated", done=True)
    watcher.send(topics.REPLY, left)
    watcher.send(topics.REPLY, left)
    watcher.wait_for(topics.EXPRESSION, Expression, event("finished"))
    told = watcher.payloads(topics.EXPRESSION, Expression)
    assert [one.sentence for one in told if one.event == "sentence_started"] == ["Plants eat light."]


def test_a_turn_is_taken_up_late_but_not_again_once_it_is_over(watcher: Any) -> None:
    watcher.start("robot_expression")
    begin(watcher, Turn(turn_id="t1", phase="answering", heard="Why?"))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="Plants eat light.", done=True))
    watcher.wait_for(topics.EXPRESSION, Expression, event("finished"))
    watcher.send(topics.TURN, Turn(turn_id="t1", phase="ended", status="done", done=True))
    watcher.send(topics.TURN, Turn(turn_id="t1", phase="speaking", heard="Why?"))
    begin(watcher, deciding("t2"))
    told = watcher.payloads(topics.EXPRESSION, Expression)
    assert [one.event for one in told if one.turn_id == "t1" and one.event in ("lost", "sentence_started")] == [
        "sentence_started"
    ]


def test_a_sentence_that_cannot_be_kept_is_spoken(watcher: Any, tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    watcher.start("robot_expression", audio_folder=folder)
    watcher.diagnostics("robot_expression", lambda figures: "audio" in figures["audio"])
    folder.rmdir()
    begin(watcher, deciding("t1"))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="Plants eat light.", done=True))
    spoken = watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started"))
    assert spoken.audio_file == "" and spoken.duration > 0.5
    watcher.diagnostics("robot_expression", lambda figures: "cannot be written" in figures["message"])


def test_stop_is_silence_and_stillness(watcher: Any) -> None:
    watcher.start("robot_expression")
    watcher.send(topics.SESSION, Session(session_id="s"))
    begin(watcher, deciding("t1"))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="One and two and three and four and five and six. " * 4))
    watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started"))
    watcher.send(topics.CONTROL, Control(action="stop", turn_id="t1"))
    watcher.wait_for_message(topics.SPEAKING, lambda _: not watcher.messages(topics.SPEAKING)[-1].data)
    stopped = len(watcher.messages(topics.JOINT_COMMANDS))
    watcher.wait_for_message(
        topics.JOINT_COMMANDS, lambda _: len(watcher.messages(topics.JOINT_COMMANDS)) > stopped + 10
    )
    assert len({tuple(message.position) for message in watcher.messages(topics.JOINT_COMMANDS)[-5:]}) == 1


def test_joints_go_to_the_robot_and_come_back(watcher: Any, tmp_path: Path) -> None:
    simulator = Simulator("mockup", free_port(), tmp_path / "simulator.log")
    simulator.start()
    try:
        watcher.start("reachy_mini", address=simulator.address)
        connected = watcher.wait_for(topics.ROBOT_STATE, RobotState, lambda state: state.state == "connected")
        assert connected.daemon_version
        states = watcher.wait_for_message(topics.JOINT_STATES)
        assert tuple(states.name) == topics.JOINTS and all(map(math.isfinite, states.position))
        assert watcher.wait_for_message(topics.HEAD_POSE).header.frame_id
        outside = JointState(name=list(topics.JOINTS), position=[0.0] * 4 + [1.5] + [0.0] * 4)
        watcher.publish(topics.JOINT_COMMANDS, outside)
        assert watcher.wait_for(topics.ROBOT_STATE, RobotState, lambda state: state.clamped > 0).clamped == 1
    finally:
        simulator.stop()
    watcher.wait_for(topics.ROBOT_STATE, RobotState, lambda state: state.state == "lost")


def test_a_wrong_address_stops_the_start_with_a_sentence(watcher: Any) -> None:
    node = watcher.start("reachy_mini", address="http://reachy-mini.local")
    assert node.wait(timeout=40) == 2
    assert "robot 'http://reachy-mini.local' is none of" in watcher.log("reachy_mini").read_text()


def test_a_lesson_begins_with_a_greeting(watcher: Any) -> None:
    watcher.start("robot_expression")
    watcher.send(topics.SESSION, Session(session_id="s", lesson="fractions", extraversion=1.0))
    watcher.send(topics.PROGRESS, Progress(lesson="fractions"))
    greeting = watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started"))
    assert "Fractions" in greeting.sentence and greeting.turn_id == ""
    assert watcher.wait_for(topics.EXPRESSION, Expression, event("finished")).turn_id == ""
    watcher.wait_for_message(topics.SPEAKING, lambda _: not watcher.messages(topics.SPEAKING)[-1].data)


def test_a_question_cuts_the_greeting_short(watcher: Any) -> None:
    watcher.start("robot_expression")
    watcher.send(topics.SESSION, Session(session_id="s", extraversion=1.0))
    watcher.send(topics.PROGRESS, Progress(lesson="plants"))
    watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started"))
    watcher.send(topics.TURN, deciding("t1"))
    watcher.wait_for_message(topics.SPEAKING, lambda _: not watcher.messages(topics.SPEAKING)[-1].data)
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="A half."))
    watcher.send(topics.REPLY, Reply(turn_id="t1", done=True))
    assert watcher.wait_for(topics.EXPRESSION, Expression, event("finished")).turn_id == "t1"


def test_a_voice_that_comes_back_to_a_lesson_does_not_greet_again(watcher: Any) -> None:
    watcher.start("robot_expression")
    watcher.send(topics.SESSION, Session(session_id="s"))
    watcher.send(topics.PROGRESS, Progress(lesson="plants", turn=Turn(turn_id="t0", phase="ended", done=True)))
    begin(watcher, deciding("t1"))
    watcher.send(topics.REPLY, Reply(turn_id="t1", sentence="A half."))
    first = watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started"))
    assert first.sentence == "A half."


def test_after_a_pause_the_robot_says_that_it_is_back(watcher: Any) -> None:
    watcher.start("robot_expression")
    watcher.send(topics.SESSION, Session(session_id="s", extraversion=-1.0))
    watcher.send(topics.PROGRESS, Progress(lesson="plants"))
    greeting = watcher.wait_for(topics.EXPRESSION, Expression, event("sentence_started")).sentence
    watcher.send(topics.CONTROL, Control(action="pause"))
    watcher.send(topics.CONTROL, Control(action="resume"))
    back = watcher.wait_for(topics.EXPRESSION, Expression, lambda one: one.sentence not in ("", greeting)).sentence
    assert back in {resumed("en", -1.0, seed) for seed in range(10)}
