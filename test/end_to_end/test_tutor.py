"""A newcomer's conversations, end to end, with the demo model and the simulated robot."""

import math
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from watcher import PATIENCE

from phied_robot import topics
from phied_robot.messages import Expression, LlmState, RobotState, Session, Transcript, Turn
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import Run as RecordedRun
from phied_robot.speech.audio import Audio, read_wav, write_wav

pytestmark = pytest.mark.end_to_end

QUESTION = "Why do plants need sunlight?"
STAGES = ("recognition", "strategy", "first_sentence", "voice", "speech_to_thinking", "speech_to_first_audio")


def speak(text: str, path: Path) -> Path:
    """A recording of `text` by espeak-ng."""
    subprocess.run(["espeak-ng", "-s", "140", "-w", str(path), text], check=True)
    return path


def head_travel(bystander: Any) -> float:
    """The largest turn of the head (degrees) that the robot has reported."""
    head = [message.position[3:6] for message in bystander.messages(topics.JOINT_STATES)]
    return math.degrees(max(max(axis) - min(axis) for axis in zip(*head, strict=True)))


def test_a_typed_question_is_answered_spoken_and_acted(tutor: Any, bystander: Any) -> None:
    run = tutor("--text", QUESTION, "--personality", "extravert", "--robot", "mujoco")
    assert run.code == 0, run.printed
    (turn,) = run.turns
    assert (turn["status"], turn["heard"], turn["source"]) == ("done", QUESTION, "typed")
    assert "plant" in turn["answer"].lower() and ("light" in turn["answer"].lower() or "sun" in turn["answer"].lower())
    assert turn["strategy"] == max(turn["distribution"], key=turn["distribution"].get)
    assert sum(turn["distribution"].values()) == pytest.approx(1.0, abs=1e-3) and len(turn["distribution"]) == 8
    assert turn["gestures"][0] == "thinking" and len(turn["gestures"]) >= 2
    assert set(STAGES) <= set(turn["timings"])
    audio = [read_wav(Path(file)) for file in turn["audio_files"]]
    assert sum(one.duration for one in audio) > 1.0
    assert all(float(np.abs(one.samples).max()) > 0.05 for one in audio)
    assert turn["strategy"] in run.printed and "first audio" in run.printed
    assert head_travel(bystander) > 5


def test_introvert_and_extravert_differ_in_words_and_voice(tutor: Any) -> None:
    answers = {}
    for manner in ("introvert", "extravert"):
        run = tutor("--text", QUESTION, "--personality", manner, "--robot", "none")
        assert run.code == 0, run.printed
        answers[manner] = run.turns[0]
    assert answers["introvert"]["answer"] != answers["extravert"]["answer"]


def ready(bystander: Any) -> None:
    bystander.wait_for(topics.LLM_STATE, LlmState, lambda state: state.state == "ready")
    bystander.wait_for(topics.SESSION, Session)


def done(turn: Turn) -> bool:
    return turn.done


def test_another_program_sees_the_topics_and_puts_a_question(bystander: Any, talking: Any) -> None:
    tutor = talking("--robot", "none")
    ready(bystander)
    # The session node beside our own watch.
    bystander.send(topics.TRANSCRIPT, Transcript(turn_id="mine", final=QUESTION))
    turn = bystander.wait_for(topics.TURN, Turn, done)
    assert (turn.turn_id, turn.status, turn.source) == ("mine", "done", "injected")
    output, _ = tutor.communicate("/quit\n", timeout=PATIENCE)
    assert tutor.returncode == 0 and QUESTION in output


def test_a_robot_that_dies_in_an_answer_is_reported_and_found_again(bystander: Any, talking: Any) -> None:
    tutor = talking("--robot", "mockup", "--personality", "introvert")
    bystander.wait_for(topics.ROBOT_STATE, RobotState, lambda state: state.state == "connected")
    ready(bystander)
    tutor.stdin.write(f"{QUESTION}\n")
    tutor.stdin.flush()
    bystander.wait_for(topics.EXPRESSION, Expression, lambda one: one.event == "sentence_started")
    children = psutil.Process(tutor.pid).children(recursive=True)
    next(child for child in children if "reachy-mini-daemon" in " ".join(child.cmdline())).kill()
    bystander.wait_for(topics.ROBOT_STATE, RobotState, lambda state: state.state == "lost")
    assert bystander.wait_for(topics.TURN, Turn, done).status == "done"
    bystander.wait_for_message(
        topics.ROBOT_STATE,
        lambda _: RobotState.from_json(bystander.messages(topics.ROBOT_STATE)[-1].data).state == "connected",
    )
    output, _ = tutor.communicate("/quit\n", timeout=PATIENCE)
    assert tutor.returncode == 0 and "is lost" in output and "started again" in output


@pytest.mark.parametrize("phase", ["starting", "waiting", "answering"])
def test_an_interrupt_ends_everything_in_every_phase(bystander: Any, talking: Any, phase: str) -> None:
    tutor = talking("--robot", "mockup")
    if phase == "starting":
        bystander.wait_for(topics.LLM_STATE, LlmState)
    else:
        ready(bystander)
    if phase == "answering":
        bystander.send(topics.TRANSCRIPT, Transcript(turn_id="mine", final=QUESTION))
        bystander.wait_for(topics.EXPRESSION, Expression, lambda one: one.event == "sentence_started")
    tutor.send_signal(signal.SIGINT)
    tutor.communicate(timeout=PATIENCE)
    assert tutor.returncode == 130


def test_a_spoken_question_is_heard_and_answered(tutor: Any, tmp_path: Path) -> None:
    recording = speak(QUESTION, tmp_path / "question.wav")
    bag = tmp_path / "bag"
    run = tutor("--audio", str(recording), "--robot", "none", "--record", str(bag), "--record-audio")
    assert run.code == 0, run.printed
    (turn,) = run.turns
    assert turn["source"] == "wav"
    recorded = RecordedRun(Bag(bag))
    assert [one.end.answer for one in recorded.turns] == [turn["answer"]] and not recorded.bag.cut_short
    assert recorded.bag.counts["speech/audio"] > 30
    assert {"language_model", "session", "robot_expression", "speech_input"} <= set(recorded.configuration)
    assert "plant" in turn["heard"].lower() and "plant" in turn["answer"].lower()


def test_two_questions_in_one_recording_are_two_turns(tutor: Any, tmp_path: Path) -> None:
    first, second = (read_wav(speak(text, tmp_path / "one.wav")) for text in (QUESTION, "What do roots do?"))
    pause = np.zeros(round(1.5 * first.rate), np.float32)
    both = tmp_path / "both.wav"
    write_wav(both, Audio(np.concatenate([first.samples, pause, second.samples]), first.rate))
    run = tutor("--audio", str(both), "--robot", "none")
    assert run.code == 0, run.printed
    assert [turn["status"] for turn in run.turns] == ["done", "done"]
    assert "plant" in run.turns[0]["heard"].lower() and "root" in run.turns[1]["heard"].lower()


def test_a_conversation_typed_line_by_line_follows_commands(tutor: Any) -> None:
    typed = "/lesson water_cycle\nWhat is evaporation?\n"
    run = tutor("--robot", "none", typed=typed)
    assert run.code == 0, run.printed
    assert run.turns[-1]["status"] == "done" and "water" in run.turns[-1]["answer"].lower()


def test_a_silent_recording_is_an_error_that_names_it(tutor: Any, tmp_path: Path) -> None:
    write_wav(tmp_path / "silent.wav", Audio(np.zeros(32_000, np.float32), 16_000))
    run = tutor("--audio", str(tmp_path / "silent.wav"), "--robot", "none")
    assert run.code == 1 and run.turns == []
    assert "no words were heard" in run.printed and "silent.wav" in run.printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "/no/such/model"), "/no/such/model"),
        (("--lesson", "alchemy"), "no lesson 'alchemy'"),
        (("--personality", "7"), "from -1 (introvert) to 1 (extravert)"),
        (("--age", "2"), "3 to 12"),
        (("--audio", "/no/such.wav"), "/no/such.wav"),
        (("--robot", "a:b:c"), "HOST:PORT"),
        (("--response-adapter", "/tmp"), "holds no adapter"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(tutor: Any, arguments: tuple[str, ...], said: str) -> None:
    run = tutor(*arguments)
    assert run.code == 2 and said in " ".join(run.printed.split())


def test_a_question_too_long_or_in_another_script_is_refused_and_the_next_is_answered(tutor: Any) -> None:
    run = tutor("--text", "why " * 5_000, "--text", "Почему?", "--text", QUESTION, "--robot", "none")
    assert run.code == 1
    assert [turn["status"] for turn in run.turns] == ["blocked", "blocked", "done"]
    assert "20000 characters" in " ".join(run.printed.split()) and "another script" in run.printed


def test_every_finished_turn_is_in_the_session_store(tutor: Any, tmp_path: Path) -> None:
    run = tutor("--text", QUESTION, "--text", "What do roots do?", "--robot", "none")
    store = sqlite3.connect(tmp_path / "state" / "phied_robot" / "sessions.sqlite")
    kept = store.execute("SELECT turn_id, status FROM turns ORDER BY ended").fetchall()
    assert kept == [(turn["turn_id"], "done") for turn in run.turns] and len(kept) == 2


def test_a_question_outside_the_lesson_is_admitted_to_be_unknown(tutor: Any) -> None:
    run = tutor("--text", "Who won the football world cup?", "--robot", "none")
    assert run.code == 0, run.printed
    answer = run.turns[0]["answer"].lower()
    assert "know" in answer or "not sure" in answer or run.turns[0]["strategy"] == "redirection"
