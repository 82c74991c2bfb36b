"""Small slices of what `phied bench expression` measures, by a clock of their own."""

import pytest

from phied_robot.bench.expression import measure_sway
from phied_robot.personality import BANDS


@pytest.mark.parametrize("preset", BANDS)
def test_the_speed_of_the_head_tells_the_loudness_in_the_midst_of_gestures(preset):
    measured = measure_sway(BANDS[preset], 30.0, robot=lambda target: target)
    assert measured["sway: correlation with loudness"] > 0.5
    assert measured["sway: lag (ms)"] < 60
