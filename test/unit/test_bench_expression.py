"""Small slices of what `phied bench expression` measures, by a clock of their own."""

import pytest

from phied_robot.bench.expression import measure_sway
from phied_robot.bench.expression_report import PARTS
from phied_robot.bench.stops import stops_in_motion
from phied_robot.cli import bench_arguments
from phied_robot.personality import BANDS
from phied_robot.robots.pose import NEUTRAL, Joints


@pytest.mark.parametrize("preset", BANDS)
def test_the_speed_of_the_head_tells_the_loudness_in_the_midst_of_gestures(preset):
    measured = measure_sway(BANDS[preset], 30.0, robot=lambda target: target)
    assert measured["sway: correlation with loudness"] > 0.5
    assert measured["sway: lag (ms)"] < 60


def test_every_part_of_the_bench_can_be_chosen_by_its_name():
    assert list(PARTS) == list(bench_arguments.PARTS)


def test_a_robot_that_lags_stands_still_after_a_stop_and_goes_back_softly():
    def lagging():
        head = NEUTRAL

        def step(target):
            nonlocal head
            head = Joints(*(place + 0.15 * (goal - place) for place, goal in zip(head, target, strict=True)))
            return head

        return step

    checks = stops_in_motion(2, lagging, lambda: None)
    assert [check.measure for check in checks if not check.seen] == []
