"""Bags as they are found: ours and others', mcap and sqlite3, ended properly or cut short."""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from phied_robot import topics
from phied_robot.replay.errors import BagError

LARGEST_RECORD = 64 << 20
"""Bytes; a length above this is a damaged one."""
SUFFIXES = (".mcap", ".db3", ".mcap.zstd", ".db3.zstd")


class Message(NamedTuple):
    """A message of a bag: its topic's relative name, when it was recorded (ns) and its CDR."""

    topic: str
    stamp: int
    data: bytes


class _Stored(NamedTuple):
    topic: str
    type_name: str
    stamp: int
    data: bytes


class Bag:
    """One robot's topics in a bag.

    Attributes:
        path: the folder or file.
        prefix: what stands before the relative names of topics; "/" without a namespace.
        storage: "mcap" or "sqlite3".
        counts: messages of each topic of ours.
        others: messages of each topic that is none of ours.
        first, last: when the first and the last message was recorded (ns).
        cut_short: one sentence if the recording did not end by itself, else "".
    """

    def __init__(self, path: Path) -> None:
        """Look through the whole bag once.

        Raises:
            BagError: there is none, it is none, it is empty, or it holds no topics of ours.
        """
        if not path.exists():
            raise BagError(f"there is no bag {path}; name the folder that the recording made")
        self.path = path
        self._files = _files(path)
        self.storage = "mcap" if ".mcap" in self._files[0].name else "sqlite3"
        self.cut_short, self._whole = "", True
        try:
            found = self._look_through()
        except Exception:  # What a damaged file makes of a reader is beyond listing.
            self._whole = False
            found = self._look_through()
        if not found and not self._whole:
            raise BagError(f"no whole message can be read in {path}: it is damaged, or no bag")
        if not found:
            raise BagError(f"the bag {path} holds no message; record again")
        if not self._whole:
            self.cut_short = (
                f"{path} was cut short; it is read up to its last whole message, after {self.seconds:.1f} s"
            )
        self.prefix = self._prefix(found)
        self.counts: dict[str, int] = {}
        self.others: dict[str, int] = {}
        for (topic, type_name), number in found.items():
            ours = topics.TOPICS.get(topic.removeprefix(self.prefix))
            if ours and ours.type_name == _short(type_name):
                self.counts[ours.name] = number
            else:
                self.others[topic] = number

    @property
    def seconds(self) -> float:
        """From the first message to the last."""
        return (self.last - self.first) / 1e9

    def messages(self, *wanted: topics.Topic) -> Iterator[Message]:
        """Messages of these topics in the order of their recording.

        Raises:
            BagError: a file has gone or changed since.
        """
        names = {self.prefix + topic.name: topic for topic in wanted}
        for topic, type_name, stamp, data in self._stored(names):
            if names[topic].type_name == _short(type_name):
                yield Message(names[topic].name, stamp, data)

    def _prefix(self, found: Collection[tuple[str, str]]) -> str:
        # Any robot has joint_states; what makes a tutor is what is said.
        names = {topic.name: topic.type_name for topic in topics.TOPICS.values() if "/" in topic.name}
        prefixes = {
            topic.removesuffix(name)
            for topic, type_name in found
            for name, ours in names.items()
            if topic.endswith(f"/{name}") and _short(type_name) == ours
        }
        if len(prefixes) > 1:
            robots = ", ".join(sorted(prefix.rstrip("/") or "/" for prefix in prefixes))
            raise BagError(f"the bag {self.path} holds several robots ({robots}); record each into a bag of its own")
        if not prefixes:
            there = ", ".join(sorted({topic for topic, _ in found})[:5])
            raise BagError(f"the bag {self.path} holds no topic of a tutor, such as tutor/turn, but {there}")
        return prefixes.pop()

    def _look_through(self) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        self.first, self.last = 2**63, 0
        for topic, type_name, stamp, _data in self._stored():
            found[topic, type_name] += 1
            self.first, self.last = min(self.first, stamp), max(self.last, stamp)
        return found

    def _stored(self, names: Collection[str] = ()) -> Iterator[_Stored]:
        if self._whole:
            # metadata.yaml knows of compression and of parts; without it each file speaks for itself.
            known = self.path.is_file() or (self.path / "metadata.yaml").exists()
            for path in [self.path] if known else self._files:
                yield from _by_index(path, names)
            return
        for file in self._files:
            found = _by_index(file, names) if file.suffix == ".db3" else _by_stream(file, names)
            # What comes before the damage is good.
            with contextlib.suppress(Exception):
                yield from found


def _files(path: Path) -> list[Path]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in files if file.name.endswith(SUFFIXES)]
    if not files:
        raise BagError(f"{path} is no bag: it holds neither an mcap nor a sqlite3 (db3) file")
    return files


def _by_index(path: Path, names: Collection[str]) -> Iterator[_Stored]:
    """All of a bag, by its metadata.yaml or its file's index."""
    from rosbags.rosbag2 import Reader

    with Reader(path) as reader:
        wanted = [one for one in reader.connections if not names or one.topic in names]
        for connection, stamp, data in reader.messages(wanted) if wanted else ():
            yield _Stored(connection.topic, connection.msgtype, stamp, bytes(data))


def _by_stream(path: Path, names: Collection[str]) -> Iterator[_Stored]:
    """An mcap file from its beginning, which needs no index."""
    from mcap.records import Channel, Schema
    from mcap.records import Message as Record
    from mcap.stream_reader import StreamReader

    types: dict[int, str] = {}
    channels: dict[int, tuple[str, str]] = {}
    with path.open("rb") as file:
        for record in StreamReader(file, record_size_limit=LARGEST_RECORD).records:
            if isinstance(record, Schema):
                types[record.id] = record.name
            elif isinstance(record, Channel):
                channels[record.id] = record.topic, types[record.schema_id]
            elif isinstance(record, Record):
                topic, type_name = channels[record.channel_id]
                if not names or topic in names:
                    yield _Stored(topic, type_name, record.log_time, record.data)


def _short(type_name: str) -> str:
    return type_name.replace("/msg/", "/")
