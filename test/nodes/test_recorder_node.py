"""The recorder node: what was said is in the bag, also when it is killed; and a replay's parameters are the nodes'."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from std_msgs.msg import Int16MultiArray
from test_parameters import SETTINGS
from watcher import PATIENCE

from phied_robot import __version__, topics
from phied_robot.messages import Session, SpeechState, Transcript
from phied_robot.replay.errors import BagError
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import Run
from phied_robot.replay.settings import PATIENT, REPLAYED
from phied_robot.replay.types import typestore

SAMPLES = Path(__file__).parents[1] / "bags"


def written(watcher: Any, messages: int) -> None:
    """Wait until the recorder says that it has written this many."""
    watcher.diagnostics("recorder", lambda figures: int(figures["messages"]) >= messages)


def holds_messages(folder: Path) -> bool:
    try:
        return bool(Bag(folder).counts)
    except BagError:
        return False


def test_a_recorder_that_is_killed_leaves_all_that_was_said(watcher: Any, tmp_path: Path) -> None:
    watcher.send(topics.SESSION, Session(session_id="early"), readers=0)  # before the recorder is there
    recorder = watcher.start("recorder", folder=tmp_path / "bag")
    for number in range(20):
        watcher.send(topics.TRANSCRIPT, Transcript(turn_id=f"t{number}", final="Why?"))
    watcher.publish(topics.AUDIO, Int16MultiArray(data=[1, 2, 3]), readers=0)
    written(watcher, 22)
    recorder.kill()
    recorder.wait()
    run = Run(Bag(tmp_path / "bag"))
    assert [one.payload.turn_id for one in run.events if one.topic is topics.TRANSCRIPT] == [
        f"t{number}" for number in range(20)
    ]
    assert run.session.session_id == "early" and run.bag.cut_short
    assert run.configuration["recorder"].package_version == __version__
    assert topics.AUDIO.name not in run.bag.counts


def test_a_recorder_that_is_started_again_writes_beside_the_first_bag(watcher: Any, tmp_path: Path) -> None:
    first = watcher.start("recorder", folder=tmp_path / "bag")
    written(watcher, 1)
    first.kill()
    first.wait()
    second = watcher.start("recorder", folder=tmp_path / "bag")
    deadline = time.monotonic() + PATIENCE
    while not holds_messages(tmp_path / "bag-2") and time.monotonic() < deadline:
        time.sleep(0.1)
    second.send_signal(2)
    assert second.wait(timeout=60) == 0
    assert Bag(tmp_path / "bag").cut_short and not Bag(tmp_path / "bag-2").cut_short
    assert (tmp_path / "bag-2" / "metadata.yaml").exists()


def test_a_recorder_without_a_folder_says_so(watcher: Any) -> None:
    recorder = watcher.start("recorder")
    assert recorder.wait(timeout=60) == 2
    assert "name the folder of the bag" in watcher.log("recorder").read_text()


def test_recorded_sound_is_heard_again(watcher: Any) -> None:
    watcher.start("speech_input", source="topic", share_audio=False)
    watcher.send(topics.SESSION, Session(session_id="s"))
    for message in Bag(SAMPLES / "extravert").messages(topics.AUDIO):
        sound: Any = typestore().deserialize_cdr(message.data, "std_msgs/msg/Int16MultiArray")
        watcher.publish(topics.AUDIO, Int16MultiArray(data=np.asarray(sound.data).tolist()))
    watcher.publish(topics.AUDIO, Int16MultiArray())  # where it ended
    heard = watcher.wait_for(topics.TRANSCRIPT, Transcript)
    (recorded,) = (turn.transcript for turn in Run(Bag(SAMPLES / "extravert")).turns)
    assert (heard.final, heard.source) == (recorded.final, "microphone")
    finished = watcher.wait_for(topics.SPEECH_STATE, SpeechState, lambda state: state.state == "finished")
    assert finished.utterances == 1


def test_what_a_replay_sets_are_parameters_of_the_nodes() -> None:
    for table in (REPLAYED, PATIENT):
        for node, names in table.items():
            assert set(names) <= set(SETTINGS[node].model_fields), node
