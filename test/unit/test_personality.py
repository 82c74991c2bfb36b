"""The trait scale: continuous, monotone, and in the directions that the sources give."""

import itertools
from dataclasses import astuple

import pytest

from phied_robot.personality import manner, parse, personality

SCALE = [step / 20 for step in range(-20, 21)]


def test_every_setting_is_monotone_and_moves() -> None:
    for part in ("voice", "motion"):
        columns = list(zip(*(astuple(getattr(personality(value), part)) for value in SCALE), strict=True))
        for column in columns:
            steps = [later - earlier for earlier, later in itertools.pairwise(column)]
            assert all(step > 0 for step in steps) or all(step < 0 for step in steps)


def test_extraverts_are_faster_higher_louder_and_larger() -> None:
    introvert, extravert = personality(-1.0), personality(1.0)
    assert extravert.voice.rate / introvert.voice.rate == pytest.approx(1.08 / 0.92)
    assert extravert.voice.pitch_semitones - introvert.voice.pitch_semitones == 4.0
    assert extravert.voice.loudness_db - introvert.voice.loudness_db == 6.0
    assert extravert.voice.pause < introvert.voice.pause
    assert extravert.motion.head_amplitude > 2 * introvert.motion.head_amplitude
    assert extravert.motion.duration < introvert.motion.duration


def test_a_preset_or_a_number_is_read() -> None:
    assert (parse("introvert"), parse("neutral"), parse("extravert")) == (-1.0, 0.0, 1.0)
    assert parse("-0.25") == -0.25


@pytest.mark.parametrize("text", ["7", "-1.01", "nan", "inf", "shy", ""])
def test_another_personality_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="introvert, neutral, extravert"):
        parse(text)


def test_the_scale_has_ends() -> None:
    for value in (1.1, float("nan")):
        with pytest.raises(ValueError, match="from -1"):
            personality(value)


def test_manner_names_the_nearest_band() -> None:
    assert [manner(value) for value in (-1.0, -0.6, -0.4, 0.0, 0.4, 0.6, 1.0)] == [
        "introvert",
        "introvert",
        "neutral",
        "neutral",
        "neutral",
        "extravert",
        "extravert",
    ]
