"""Records the sample bags of test/bags anew, from real runs of `phied tutor`; a changed model or prompt asks for it.

python test/record_bags.py

extravert: a question that is heard, with its sound; mcap, compressed.
introvert: a typed question; sqlite3, without motion, as somebody else may have recorded it.
story: a story and one answer to its quiz; sqlite3, without motion.
fault: a question in another script, one that is answered, and kill -9 of everything in the answer to the third.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.rosbag2.enums import CompressionFormat, CompressionMode

from phied_robot import topics
from phied_robot.replay.reading import Bag, Message
from phied_robot.replay.types import typestore
from phied_robot.replay.writing import VERSION, BagWriter, quality_profile

BAGS = Path(__file__).parent / "bags"
MOVING = {topic.name for topic in topics.TOPICS.values() if topic.quality == topics.STREAM} | {topics.DIAGNOSTICS.name}
TYPES = typestore()
TEXT = "std_msgs/msg/String"


def main() -> None:
    """Record all four."""
    BAGS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        question = folder / "question.wav"
        subprocess.run(["espeak-ng", "-s", "140", "-w", str(question), "Why do plants need sunlight?"], check=True)
        tutor(folder, "extravert", "--audio", str(question), "--record-audio", "--personality", "extravert")
        keep_mcap(folder, "extravert")
        tutor(folder, "introvert", "--text", "What do roots do?", "--personality", "introvert")
        keep_sqlite(folder, "introvert")
        tutor(folder, "story", "--text", "Tell me a story", "--text", "the roots", "--personality", "extravert")
        keep_sqlite(folder, "story")
        killed(folder, "fault", ["Почему?", "Why do plants need sunlight?", "What do leaves do?"])
        keep_cut_short(folder, "fault")
    for path in sorted(BAGS.rglob("*")):
        print(path, path.stat().st_size)


def command(bag: Path, *arguments: str) -> list[str]:
    """`phied tutor` that records."""
    return [
        *(sys.executable, "-m", "phied_robot.cli.main", "tutor", "--robot", "none", "--record", str(bag)),
        *("--report", str(bag.with_suffix(".json")), *arguments),
    ]


def environment(folder: Path) -> dict[str, str]:
    """A ROS domain and a state folder of its own."""
    return {**os.environ, "ROS_DOMAIN_ID": "214", "XDG_STATE_HOME": str(folder / "state")}


def tutor(folder: Path, name: str, *arguments: str) -> None:
    """A run to its end."""
    subprocess.run(command(folder / name, *arguments), check=True, env=environment(folder))


def killed(folder: Path, name: str, lines: list[str]) -> None:
    """A run that is killed when the answer to the last line begins to sound."""
    process = subprocess.Popen(
        command(folder / name), env=environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    for line in lines:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        last = "speaks for" if line == lines[-1] else "timings"
        while line.isascii() and last not in process.stdout.readline():
            pass
    process.send_signal(signal.SIGKILL)
    process.communicate()


def kept(folder: Path, name: str) -> tuple[Bag, Iterator[Message]]:
    """A bag's messages without this machine's folders; motion only from a second before the first question on."""
    bag = Bag(folder / name)
    asked = next(bag.messages(topics.TRANSCRIPT)).stamp
    wanted = [topic for topic in topics.TOPICS.values() if bag.counts.get(topic.name)]

    def messages() -> Iterator[Message]:
        for message in bag.messages(*wanted):
            if message.topic in MOVING and message.stamp < asked - 1e9:
                continue
            if topics.TOPICS[message.topic].type_name == "std_msgs/String":
                text = TYPES.deserialize_cdr(message.data, TEXT)
                text.data = text.data.replace(f"{folder}/", "")
                message = message._replace(data=bytes(TYPES.serialize_cdr(text, TEXT)))
            yield message

    return bag, messages()


def keep(messages: Iterator[Message], writer: Writer) -> None:
    """Write messages by rosbags' own writer."""
    connections: dict[str, Any] = {}
    with writer:
        for message in messages:
            topic = topics.TOPICS[message.topic]
            if topic.name not in connections:
                connections[topic.name] = writer.add_connection(
                    f"/{topic.name}",
                    topic.type_name.replace("/", "/msg/"),
                    typestore=TYPES,
                    offered_qos_profiles=[quality_profile(topic.quality)],
                )
            writer.write(connections[topic.name], message.stamp, message.data)


def fresh(name: str) -> Path:
    """The place of a sample bag, without the one before."""
    shutil.rmtree(BAGS / name, ignore_errors=True)
    return BAGS / name


def keep_mcap(folder: Path, name: str) -> None:
    """Everything, compressed."""
    writer = Writer(fresh(name), version=VERSION, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    keep(kept(folder, name)[1], writer)


def keep_sqlite(folder: Path, name: str) -> None:
    """Without motion and health, in sqlite3."""
    writer = Writer(fresh(name), version=VERSION, storage_plugin=StoragePlugin.SQLITE3)
    keep((message for message in kept(folder, name)[1] if message.topic not in MOVING), writer)


def keep_cut_short(folder: Path, name: str) -> None:
    """Without motion and health, as the recorder wrote it: no index, no metadata.yaml, the last message in half."""
    bag, messages = kept(folder, name)
    writer = BagWriter(fresh(name), [topic for topic in topics.TOPICS.values() if topic.name in bag.counts], "/")
    for message in messages:
        if message.topic not in MOVING:
            writer.write(message.topic, message.stamp, message.data)
    (file,) = (BAGS / name).glob("*.mcap")
    os.truncate(file, file.stat().st_size - 40)


if __name__ == "__main__":
    main()
