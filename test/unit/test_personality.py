"""The trait scale: continuous, monotone, in the directions that the sources give, and refused where it is broken."""

import itertools
from dataclasses import astuple, fields
from pathlib import Path

import pytest

from phied_robot.configuration import ConfigurationError, config_path
from phied_robot.expression.personalities import load_scale, scale
from phied_robot.personality import MotionSettings, VoiceSettings, manner

STEPS = [step / 20 for step in range(-20, 21)]
WRITTEN = config_path("personalities.yaml").read_text(encoding="utf-8")


def test_every_setting_is_monotone_and_moves() -> None:
    for part in ("voice", "motion"):
        columns = list(zip(*(astuple(getattr(scale().at(value), part)) for value in STEPS), strict=True))
        for column in columns:
            steps = [later - earlier for earlier, later in itertools.pairwise(column)]
            assert all(step > 0 for step in steps) or all(step < 0 for step in steps)
            # Continuous: no step of a twentieth of the scale is more than a quarter of the whole way.
            assert max(map(abs, steps)) < 0.25 * abs(column[-1] - column[0])


def test_the_file_names_every_setting_and_nothing_else() -> None:
    assert set(scale().voice) == {field.name for field in fields(VoiceSettings)}
    assert set(scale().motion) == {field.name for field in fields(MotionSettings)}


def test_extraverts_are_faster_higher_louder_and_larger() -> None:
    introvert, extravert = scale().at(-1.0), scale().at(1.0)
    assert extravert.voice.rate / introvert.voice.rate == pytest.approx(1.08 / 0.92)
    assert extravert.voice.pitch_semitones - introvert.voice.pitch_semitones == 4.0
    assert extravert.voice.loudness_db - introvert.voice.loudness_db == 6.0
    assert introvert.voice.pause >= 2 * extravert.voice.pause
    assert extravert.motion.head_amplitude > 2 * introvert.motion.head_amplitude
    assert extravert.motion.duration < introvert.motion.duration


def test_a_preset_or_a_number_is_read() -> None:
    read = scale().parse
    assert (read("introvert"), read("neutral"), read("extravert"), read("outgoing")) == (-1.0, 0.0, 1.0, 0.5)
    assert read("-0.25") == -0.25


@pytest.mark.parametrize("text", ["7", "-1.01", "nan", "inf", "shy", ""])
def test_another_personality_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="introvert, neutral, extravert"):
        scale().parse(text)


def test_the_scale_has_ends() -> None:
    for value in (1.1, float("nan")):
        with pytest.raises(ValueError, match="from -1"):
            scale().at(value)


def test_manner_names_the_nearest_band() -> None:
    named = [manner(value) for value in (-1.0, -0.6, -0.4, 0.0, 0.4, 0.6, 1.0)]
    assert named == ["introvert", "introvert", "neutral", "neutral", "neutral", "extravert", "extravert"]


def test_a_researcher_adds_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "personalities.yaml"
    path.write_text(WRITTEN.replace("  reserved: -0.5\n", "  study_2: 0.35\n"), encoding="utf-8")
    assert load_scale(path).parse("study_2") == 0.35


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        ("  outgoing: 0.5", "  outgoing: loud", "presets.outgoing: must be a number, not 'loud'"),
        ("  outgoing: 0.5", "  outgoing: 1.5", "presets.outgoing: Input should be less than or equal to 1"),
        ("  outgoing: 0.5", "  outgoing: nan", "presets.outgoing: "),
        ("  introvert: -1", "  introvert: 1", "presets.introvert: must be -1: the same name means the same"),
        ("    introvert: 0.92", "    introvert: 1.02", "must rise or fall all the way, not go 1.02, 1, 1.08"),
        ("    introvert: 0.92", "    introvert: 0.5", "must stay between 0.88 and 1.12"),
        ("    introvert: 0.92", "    introverted: 0.92", "the keys here are introvert, neutral, extravert, source"),
        ("  gaze_aversion:            #", "  gaze: #", "the keys here are head_amplitude, gestures_per_clause"),
        ('    source: "Aly & Tapus 2013"', '    source: ""', "motion.duration.source: is empty"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, line: str, instead: str, says: str) -> None:
    path = tmp_path / "personalities.yaml"
    path.write_text(WRITTEN.replace(line, instead, 1), encoding="utf-8")
    number = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.startswith(instead))
    with pytest.raises(ConfigurationError) as caught:
        load_scale(path)
    assert says in str(caught.value)
    # A mistake of a whole setting is shown at the setting's own line, one above its first value.
    assert f"personalities.yaml:{number}: " in str(caught.value) or f"personalities.yaml:{number - 1}: " in str(
        caught.value
    )
