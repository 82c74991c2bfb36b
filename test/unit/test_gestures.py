import pytest

from phied_robot.expression.gestures import BEAT, GESTURES, REST, gesture_for
from phied_robot.pedagogy.strategies import STRATEGIES

ALL = {**GESTURES, "rest": REST, "beat": BEAT}


@pytest.mark.parametrize("strategy", [strategy.label for strategy in STRATEGIES])
def test_every_strategy_has_its_gesture(strategy):
    assert gesture_for(strategy) in GESTURES


def test_strategies_that_ask_tell_and_praise_look_different():
    assert len({gesture_for(label) for label in ("socratic_questioning", "direct_instruction", "confirmation")}) == 3


def test_a_strategy_from_elsewhere_gets_a_gesture_too():
    assert gesture_for("storytelling") in GESTURES


@pytest.mark.parametrize("name", ALL)
def test_keyframes_are_in_order_and_within_the_amplitude(name):
    times = [keyframe.at for keyframe in ALL[name].keyframes]
    assert times == sorted(set(times))
    assert times[0] > 0
    assert times[-1] == 1.0
    assert all(-1 <= value <= 1 for keyframe in ALL[name].keyframes for value in keyframe[1:])
