"""A newcomer's conversations, end to end, with the demo model and the simulated robot."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phied_robot.speech.audio import read_wav

pytestmark = pytest.mark.end_to_end

QUESTION = "Why do plants need sunlight?"
STAGES = ("recognition", "strategy", "first_sentence", "voice", "speech_to_thinking", "speech_to_first_audio")


def speak(text: str, path: Path) -> Path:
    """A recording of `text` by espeak-ng."""
    subprocess.run(["espeak-ng", "-s", "140", "-w", str(path), text], check=True)
    return path


def test_a_typed_question_is_answered_spoken_and_acted(tutor: Any) -> None:
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


def test_introvert_and_extravert_differ_in_words_and_voice(tutor: Any) -> None:
    answers = {}
    for manner in ("introvert", "extravert"):
        run = tutor("--text", QUESTION, "--personality", manner, "--robot", "none")
        assert run.code == 0, run.printed
        answers[manner] = run.turns[0]
    assert answers["introvert"]["answer"] != answers["extravert"]["answer"]


def test_a_spoken_question_is_heard_and_answered(tutor: Any, tmp_path: Path) -> None:
    recording = speak(QUESTION, tmp_path / "question.wav")
    run = tutor("--audio", str(recording), "--robot", "none")
    assert run.code == 0, run.printed
    (turn,) = run.turns
    assert turn["source"] == "wav"
    assert "plant" in turn["heard"].lower() and "plant" in turn["answer"].lower()


def test_two_questions_in_one_recording_are_two_turns(tutor: Any, tmp_path: Path) -> None:
    first, second = speak(QUESTION, tmp_path / "1.wav"), speak("What do roots do?", tmp_path / "2.wav")
    both = tmp_path / "both.wav"
    subprocess.run(["sox", str(first), "-p", "pad", "0", "1.5"], check=True, stdout=(tmp_path / "p").open("wb"))
    subprocess.run(["sox", str(tmp_path / "p"), str(second), str(both)], check=True)
    run = tutor("--audio", str(both), "--robot", "none")
    assert run.code == 0, run.printed
    assert [turn["status"] for turn in run.turns] == ["done", "done"]
    assert "plant" in run.turns[0]["heard"].lower() and "root" in run.turns[1]["heard"].lower()


def test_a_conversation_typed_line_by_line_follows_commands(tutor: Any) -> None:
    typed = "/lesson water_cycle\nWhat is evaporation?\n"
    run = tutor("--robot", "none", typed=typed)
    assert run.code == 0, run.printed
    assert run.turns[-1]["status"] == "done" and "water" in run.turns[-1]["answer"].lower()


def test_a_question_outside_the_lesson_is_admitted_to_be_unknown(tutor: Any) -> None:
    run = tutor("--text", "Who won the football world cup?", "--robot", "none")
    assert run.code == 0, run.printed
    answer = run.turns[0]["answer"].lower()
    assert "know" in answer or "not sure" in answer or run.turns[0]["strategy"] == "redirection"
