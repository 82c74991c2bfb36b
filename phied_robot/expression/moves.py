"""The repertoire of moves: read from moves.yaml, chosen with variation, and evaluated at a time."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from phied_robot import configuration
from phied_robot.expression.layers import STILL, minimum_jerk
from phied_robot.personality import MotionSettings
from phied_robot.robots.pose import Joints

ANTENNA_FACTOR = 2.5
"""Antennas turn this much farther than the head."""
DEFAULT_OCCASION = "direct_instruction"
SMALLEST, FASTEST, SLOWEST = 0.85, 0.9, 1.1
"""How far one showing of a move differs from another: in size, never above the amplitude, and in length."""

Fraction = Annotated[float, Field(ge=-1, le=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keyframe(_Entry):
    """A pose that a move passes through; moves.yaml explains the units."""

    at: Annotated[float, Field(gt=0, le=1)]
    roll: Fraction = 0.0
    pitch: Fraction = 0.0
    yaw: Fraction = 0.0
    body: Fraction = 0.0
    antennas: Fraction = 0.0
    lift: Annotated[float, Field(ge=-15, le=0)] = 0.0


def _in_order(keyframes: list[Keyframe]) -> list[Keyframe]:
    times = [keyframe.at for keyframe in keyframes]
    if times != sorted(set(times)) or times[-1] != 1.0:
        raise ValueError(f"the times must rise to 1.0, but are {', '.join(f'{time:g}' for time in times)}")
    return keyframes


class MoveData(_Entry):
    """A move as it is written down."""

    occasions: list[Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_-]+$")]] = Field(alias="for", min_length=1)
    seconds: Annotated[float, Field(ge=0.4, le=6)]
    keyframes: Annotated[list[Keyframe], Field(min_length=1, max_length=20), AfterValidator(_in_order)]


class _MovesFile(_Entry):
    moves: dict[Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_-]+$")], MoveData]


def load_moves(path: Path) -> dict[str, MoveData]:
    """Read moves by their names.

    Raises:
        ConfigurationError: the file is missing or broken; every mistake with its line.
    """
    return configuration.load(path, _MovesFile).moves


@cache
def bundled_moves() -> dict[str, MoveData]:
    """The moves of this package."""
    return load_moves(Path(__file__).with_name("moves.yaml"))


class Showing(NamedTuple):
    """One showing of a move: to which side (1 or -1), how large and how slow (1: as written)."""

    name: str
    side: int
    size: float
    slowness: float


class Repertoire:
    """Chooses moves: seeded, and for each occasion never the same twice running where there are two."""

    def __init__(self, moves: dict[str, MoveData], seed: int = 0) -> None:
        """The same seed makes the same choices."""
        self.moves = moves
        self._seed = seed
        self._random: dict[str, random.Random] = {}
        self._last: dict[str, str] = {}
        self._by_occasion: dict[str, list[str]] = defaultdict(list)
        for name, move in moves.items():
            for occasion in move.occasions:
                self._by_occasion[occasion].append(name)

    def choose(self, occasion: str) -> Showing:
        """A showing of a move for this occasion; an unknown one gets a move for direct instruction."""
        # Its own dice for each occasion: how often the head turned to listen must not change how an answer looks.
        dice = self._random.setdefault(occasion, random.Random(f"{self._seed} {occasion}"))
        names = self._by_occasion.get(occasion) or self._by_occasion[DEFAULT_OCCASION]
        fresh = [name for name in names if name != self._last.get(occasion)] or names
        name = self._last[occasion] = dice.choice(fresh)
        return Showing(
            name,
            dice.choice((1, -1)),
            dice.uniform(SMALLEST, 1.0),
            dice.uniform(FASTEST, SLOWEST),
        )


class Move:
    """A showing on its way from a given pose, with a personality's size and tempo.

    Attributes:
        name: of the move.
        duration: in seconds.
    """

    def __init__(self, data: MoveData, showing: Showing, start: Joints, settings: MotionSettings) -> None:
        """`start` is an offset from the neutral pose."""
        self.name = showing.name
        self.duration = data.seconds * showing.slowness * settings.duration
        size = math.radians(settings.head_amplitude) * showing.size
        self._points = [
            (0.0, start),
            *((keyframe.at, _offset(keyframe, size, showing.side)) for keyframe in data.keyframes),
        ]

    def evaluate(self, time: float) -> Joints:
        """The offset from the neutral pose (m, rad) `time` seconds after the move's beginning."""
        return _between(self._points, time / self.duration)


def _between(points: Sequence[tuple[float, Joints]], progress: float) -> Joints:
    for (begin, start), (end, goal) in pairwise(points):
        if progress < end:
            part = minimum_jerk((progress - begin) / (end - begin))
            return Joints(*(a + (b - a) * part for a, b in zip(start, goal, strict=True)))
    return points[-1][1]


def _offset(keyframe: Keyframe, size: float, side: int) -> Joints:
    body = side * size * keyframe.body
    antennas = ANTENNA_FACTOR * size * keyframe.antennas
    return STILL._replace(
        head_z=keyframe.lift / 1000,
        head_roll=side * size * keyframe.roll,
        head_pitch=size * keyframe.pitch,
        head_yaw=side * size * keyframe.yaw + body,
        body_yaw=body,
        antenna_right=-antennas,
        antenna_left=antennas,
    )
