"""Bags in rosbag2's format (mcap) that a crash cannot spoil: every message is in the file when `write` returns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mcap.writer import CompressionType
from mcap.writer import Writer as McapStream
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError
from rosbags.rosbag2.enums import CompressionMode

from phied_robot import topics
from phied_robot.replay.errors import BagError
from phied_robot.replay.types import typestore

if TYPE_CHECKING:
    from rosbags.rosbag2.writer import StorageWriter

VERSION: Literal[9] = 9
"""Of rosbag2's format, as Jazzy and later write it."""


class BagWriter:
    """One run of the tutor in a folder of its own."""

    def __init__(self, folder: Path, recorded: Sequence[topics.Topic], prefix: str) -> None:
        """Make the folder; topics are written with `prefix`, which begins and ends with a slash.

        Raises:
            BagError: the folder is there already, or cannot be made.
        """
        if folder.exists():
            raise BagError(f"the bag {folder} is there already; name another folder")
        self._folder = folder
        self._writer = _Writer(folder, version=VERSION, storage_plugin=StoragePlugin.MCAP)
        try:
            self._writer.open()
            self._connections = {
                topic.name: self._writer.add_connection(
                    prefix + topic.name,
                    topic.type_name.replace("/", "/msg/"),
                    typestore=typestore(),
                    offered_qos_profiles=[quality_profile(topic.quality)],
                )
                for topic in recorded
            }
        except (OSError, WriterError) as error:
            raise BagError(f"the bag {folder} cannot be made ({error}); name another folder") from error
        self._latest = 0
        self.messages = 0

    def write(self, topic: str, stamp: int, data: bytes) -> None:
        """Add a message: its topic's relative name, the time of its coming (ns) and its CDR.

        Raises:
            BagError: the disk refused.
        """
        # Readers of bags without an index want messages in the order of their time, which a clock may step back in.
        self._latest = max(self._latest, stamp)
        try:
            self._writer.write(self._connections[topic], self._latest, data)
        except OSError as error:
            raise BagError(f"the bag {self._folder} cannot be written: {error.strerror}; free the disk") from error
        self.messages += 1

    def close(self) -> None:
        """Write the index and metadata.yaml.

        Raises:
            BagError: the disk refused; what was written can be read all the same.
        """
        try:
            self._writer.close()
        except OSError as error:
            raise BagError(f"the bag {self._folder} cannot be ended: {error.strerror}") from error


class _UnbufferedMcap:
    """Storage of a rosbags writer. Its own keeps up to a megabyte in memory, which dies with the process."""

    def __init__(self, path: Path, compression: CompressionMode) -> None:
        assert compression == CompressionMode.NONE
        self.path = path / f"{path.name}_0.mcap"
        self._file = self.path.open("xb")
        # Without chunks a message is whole in the file, or it is the last one.
        self._stream = McapStream(self._file, use_chunking=False, compression=CompressionType.NONE)
        self._stream.start("ros2", "phied_robot")
        self._schemas: dict[str, int] = {}
        self._channels: dict[int, int] = {}

    def add_msgtype(self, connection: Connection) -> None:
        definition = connection.msgdef.data.encode()
        self._schemas[connection.msgtype] = self._stream.register_schema(connection.msgtype, "ros2msg", definition)

    def add_connection(self, connection: Connection, offered_qos_profiles: str) -> None:
        assert isinstance(connection.ext, ConnectionExtRosbag2)
        self._channels[connection.id] = self._stream.register_channel(
            connection.topic,
            connection.ext.serialization_format,
            self._schemas[connection.msgtype],
            {"offered_qos_profiles": offered_qos_profiles},
        )
        self._stream.flush()  # type: ignore[no-untyped-call]

    def write(self, connection: Connection, timestamp: int, data: bytes | memoryview) -> None:
        self._stream.add_message(self._channels[connection.id], timestamp, bytes(data), timestamp)
        self._stream.flush()  # type: ignore[no-untyped-call]

    def close(self, version: int, metadata: str) -> None:
        self._stream.add_metadata("rosbag2", {"serialized_metadata": metadata})
        self._stream.finish()  # type: ignore[no-untyped-call]
        self._file.close()

    def abort(self) -> None:
        self._file.close()


class _Writer(Writer):
    STORAGE_PLUGINS: Mapping[StoragePlugin, type["StorageWriter"]] = {StoragePlugin.MCAP: _UnbufferedMcap}


def quality_profile(quality: topics.QualityOfService) -> Qos:
    """A topic's quality of service as bags keep it."""
    unset = QosTime(0, 0)
    return Qos(
        QosHistory.KEEP_LAST,
        quality.depth,
        QosReliability.RELIABLE if quality.reliable else QosReliability.BEST_EFFORT,
        QosDurability.TRANSIENT_LOCAL if quality.latched else QosDurability.VOLATILE,
        unset,
        unset,
        QosLiveliness.AUTOMATIC,
        unset,
        False,
    )
