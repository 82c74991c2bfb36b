"""Reads the trait scale from `config/personalities.yaml`.

It lives here because `personality` uses nothing of ours: that room holds the scale's shape and arithmetic,
this one the file, and whoever speaks or moves is above both.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from phied_robot import configuration
from phied_robot.personality import BANDS, Scale, Span


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Setting(_Entry):
    introvert: float
    neutral: float
    extravert: float
    source: Annotated[str, Field(min_length=1, max_length=300)]

    @property
    def span(self) -> Span:
        return Span(self.introvert, self.neutral, self.extravert)


def _within(low: float, high: float) -> AfterValidator:
    def check(setting: _Setting) -> _Setting:
        if not setting.span.is_monotone():
            raise ValueError(
                f"must rise or fall all the way, not go {', '.join(f'{value:g}' for value in setting.span)}"
            )
        if not low <= min(setting.span) <= max(setting.span) <= high:
            raise ValueError(f"must stay between {low:g} and {high:g}")
        return setting

    return AfterValidator(check)


class _Voice(_Entry):
    rate: Annotated[_Setting, _within(0.88, 1.12)]
    pitch_semitones: Annotated[_Setting, _within(-6, 6)]
    pitch_range: Annotated[_Setting, _within(0.3, 1.9)]
    loudness_db: Annotated[_Setting, _within(-12, 3)]
    pause: Annotated[_Setting, _within(0.1, 2)]


class _Motion(_Entry):
    head_amplitude: Annotated[_Setting, _within(3, 20)]
    gestures_per_clause: Annotated[_Setting, _within(0, 1)]
    duration: Annotated[_Setting, _within(0.6, 2)]
    gaze_aversion: Annotated[_Setting, _within(0, 0.6)]


Name = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_-]+$")]
Extraversion = Annotated[float, Field(ge=-1, le=1)]


class _ScaleFile(_Entry):
    presets: dict[Name, Extraversion]
    voice: _Voice
    motion: _Motion


def load_scale(path: Path) -> Scale:
    """Read a scale.

    Raises:
        ConfigurationError: the file is missing or broken; every mistake with its line.
    """
    content = configuration.load(path, _ScaleFile, also=_moved_bands)
    return Scale(content.presets, _spans(content.voice), _spans(content.motion))


@cache
def scale() -> Scale:
    """The scale of this installation (ConfigurationError as `load_scale`)."""
    return load_scale(configuration.config_path("personalities.yaml"))


def _spans(part: _Entry) -> dict[str, Span]:
    return {name: setting.span for name, setting in part}


def _moved_bands(document: dict[str, Any]) -> list[configuration.Mistake]:
    presets = document.get("presets")
    if not isinstance(presets, dict):
        return []
    return [
        (("presets", name), f"must be {value:g}: the same name means the same everywhere")
        for name, value in BANDS.items()
        if _number(presets.get(name)) != value
    ]


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
