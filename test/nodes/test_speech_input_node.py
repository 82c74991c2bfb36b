"""The speech input node: real voices from espeak-ng through voice activity and recognition to transcripts."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from phied_robot import topics
from phied_robot.messages import Progress, Session, SpeechState, Transcript, Turn
from phied_robot.speech.audio import Audio, write_wav


def speak(text: str, path: Path) -> Path:
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), text], check=True)
    return path


def test_a_recording_becomes_transcripts_one_turn_after_the_other(watcher: Any, tmp_path: Path) -> None:
    first, second = (
        speak("Why do plants need sunlight?", tmp_path / "1.wav"),
        speak("What do roots do?", tmp_path / "2.wav"),
    )
    watcher.start("speech_input", source="wav", audio_files=f"['{first}', '{second}']")
    watcher.send(topics.SESSION, Session(session_id="s"))
    heard = watcher.wait_for(topics.TRANSCRIPT, Transcript)
    assert "plants need sunlight" in heard.final and heard.source == "wav" and 0 < heard.confidence <= 1
    assert heard.stamp >= heard.speech_ended > 0
    assert len(watcher.payloads(topics.TRANSCRIPT, Transcript)) == 1
    watcher.send(topics.TURN, Turn(turn_id=heard.turn_id, phase="ended", status="done", done=True))
    other = watcher.wait_for(topics.TRANSCRIPT, Transcript, lambda one: one.turn_id != heard.turn_id)
    assert "roots" in other.final
    watcher.send(topics.TURN, Turn(turn_id=other.turn_id, phase="ended", status="done", done=True))
    finished = watcher.wait_for(topics.SPEECH_STATE, SpeechState, lambda state: state.state == "finished")
    assert finished.utterances == 2 and not finished.detail


def test_a_silent_recording_is_named(watcher: Any, tmp_path: Path) -> None:
    write_wav(tmp_path / "silent.wav", Audio(np.zeros(32_000, np.float32), 16_000))
    watcher.start("speech_input", source="wav", audio_files=f"['{tmp_path / 'silent.wav'}']")
    watcher.send(topics.SESSION, Session(session_id="s"))
    finished = watcher.wait_for(topics.SPEECH_STATE, SpeechState, lambda state: state.state == "finished")
    assert "silent.wav" in finished.detail and finished.utterances == 0


def test_without_a_microphone_the_lesson_is_typed(watcher: Any) -> None:
    watcher.start("speech_input", source="none")
    assert "typed" in watcher.wait_for(topics.SPEECH_STATE, SpeechState).detail


def test_an_engine_that_is_not_there_is_named_and_the_lesson_goes_on(watcher: Any, tmp_path: Path) -> None:
    recording = speak("What do roots do?", tmp_path / "1.wav")
    node = watcher.start("speech_input", source="wav", engine="parrot", audio_files=f"['{recording}']")
    watcher.send(topics.SESSION, Session(session_id="s"))
    failed = watcher.wait_for(topics.SPEECH_STATE, SpeechState, lambda state: state.state == "failed")
    assert "parrot" in failed.detail and "typed" in failed.detail
    assert node.poll() is None


def test_a_question_is_put_again_until_it_is_taken_up_and_by_a_node_that_comes_back_not_twice(
    watcher: Any, tmp_path: Path
) -> None:
    recording = speak("What do roots do?", tmp_path / "1.wav")
    session = Session(session_id="s")
    watcher.start("speech_input", source="wav", audio_files=f"['{recording}']")
    watcher.send(topics.SESSION, session)
    watcher.wait_for_message(topics.TRANSCRIPT, lambda _: len(watcher.messages(topics.TRANSCRIPT)) > 1)
    (turn_id,) = {one.turn_id for one in watcher.payloads(topics.TRANSCRIPT, Transcript)}
    watcher.kill("speech_input")
    watcher.forget(topics.TRANSCRIPT)
    watcher.start("speech_input", source="wav", audio_files=f"['{recording}']")
    assert watcher.wait_for(topics.TRANSCRIPT, Transcript).turn_id == turn_id
    watcher.send(topics.PROGRESS, Progress(session_id="s", ended=[turn_id]))
    watcher.wait_for(topics.SPEECH_STATE, SpeechState, lambda state: state.state == "finished")
