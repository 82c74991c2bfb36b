"""The command lines of ROS 2's own `ros2 bag` for a tutor's topics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phied_robot import topics
from phied_robot.replay.inputs import Stage

ENTERING: dict[Stage, tuple[topics.Topic, ...]] = {
    "audio": (topics.AUDIO, topics.SESSION_SET),
    "transcripts": (topics.TRANSCRIPT, topics.SESSION_SET),
    "strategies": (topics.TRANSCRIPT, topics.STRATEGY, topics.SESSION_SET),
}
"""What is played at each stage: inputs alone, or recorded outputs collide with live ones."""
CLOCK_RATE = 100


def record_command(prefix: str, overrides: Path, *, audio: bool) -> list[str]:
    """Record every topic; sound only when asked for.

    Args:
        prefix: of the topics, with a slash at both ends; "/" without a namespace.
        overrides: file that holds `quality_overrides`.
        audio: whether what the microphone hears is recorded too.
    """
    names = [prefix + name for name, topic in topics.TOPICS.items() if audio or topic is not topics.AUDIO]
    # No chunks and no cache: what was recorded is in the file when a crash comes.
    safe = ["--storage-preset-profile", "fastwrite", "--max-cache-size", "0"]
    return [
        "ros2",
        "bag",
        "record",
        "-s",
        "mcap",
        *safe,
        "--qos-profile-overrides-path",
        str(overrides),
        "--topics",
        *names,
    ]


def quality_overrides(prefix: str) -> dict[str, dict[str, Any]]:
    """Quality of service of the recorder's subscriptions, as `ros2 bag record` reads it."""
    return {
        prefix + name: {
            "reliability": "reliable" if topic.quality.reliable else "best_effort",
            "durability": "transient_local" if topic.quality.latched else "volatile",
            "history": "keep_last",
            "depth": max(topic.quality.depth, 100),
        }
        for name, topic in topics.TOPICS.items()
    }


def play_command(bag: Path, recorded: str, live: str, stage: Stage, rate: float) -> list[str]:
    """Play the inputs with the recorded clock.

    Args:
        bag: the bag.
        recorded: prefix of the topics in the bag.
        live: prefix of the topics of the nodes that are to hear them.
        stage: where the recording enters.
        rate: factor on the recorded pace.
    """
    names = [topic.name for topic in ENTERING[stage]]
    remapped: Sequence[str] = [f"{recorded}{name}:={live}{name}" for name in names] if recorded != live else []
    return [
        *("ros2", "bag", "play", str(bag), "--clock", str(CLOCK_RATE), "--rate", str(rate)),
        *("--topics", *(recorded + name for name in names)),
        *(("--remap", *remapped) if remapped else ()),
    ]
