from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from phied_robot.configuration import ConfigurationError
from phied_robot.expression.layers import STILL, total
from phied_robot.expression.limiter import MAX_ACCELERATION
from phied_robot.expression.moves import Move, Repertoire, Showing, bundled_moves, load_moves
from phied_robot.expression.personalities import scale
from phied_robot.pedagogy.strategies import STRATEGIES
from phied_robot.robots.pose import NEUTRAL
from phied_robot.robots.safe_boxes import MAX_SPEED, clamp, from_base, from_body

MOMENTS = ("attention", "listening", "thinking", "greeting", "goodbye", "sleep", "beat")
LABELS = [strategy.label for strategy in STRATEGIES]
TICK = 0.02


def names_for(occasion: str) -> set[str]:
    return {name for name, move in bundled_moves().items() if occasion in move.occasions}


@pytest.mark.parametrize("occasion", [*LABELS, *MOMENTS])
def test_every_strategy_and_moment_has_two_moves_or_more(occasion):
    assert len(names_for(occasion)) >= 2


def test_strategies_that_ask_tell_and_praise_share_no_move():
    asking, telling, praising = map(names_for, ("socratic_questioning", "direct_instruction", "confirmation"))
    assert not (asking & telling or telling & praising or asking & praising)


@pytest.mark.parametrize("occasion", [*LABELS, *MOMENTS])
def test_a_move_never_comes_twice_running_and_all_of_them_come(occasion):
    repertoire = Repertoire(bundled_moves(), seed=5)
    shown = [repertoire.choose(occasion) for _ in range(60)]
    assert all(before.name != after.name for before, after in pairwise(shown))
    assert set(Counter(showing.name for showing in shown)) == names_for(occasion)
    assert {showing.side for showing in shown} == {1, -1}
    assert len({showing.size for showing in shown}) > 50


def test_choices_are_repeated_by_the_same_seed_alone():
    def choices(seed: int) -> list[Showing]:
        repertoire = Repertoire(bundled_moves(), seed)
        return [repertoire.choose("encouragement") for _ in range(10)]

    assert choices(1) == choices(1) != choices(2)


def test_a_strategy_from_elsewhere_gets_a_gesture_too():
    assert Repertoire(bundled_moves()).choose("storytelling").name in names_for("direct_instruction")


@pytest.mark.parametrize("name", bundled_moves())
def test_a_move_is_within_the_robots_means_at_the_liveliest(name):
    """Inside the safe box and below the limits of speed and acceleration, so that nothing is cut off its shape."""
    settings = scale().at(1.0).motion
    for side in (1, -1):
        move = Move(bundled_moves()[name], Showing(name, side, 1.0, 0.9), STILL, settings)
        path = [
            from_body(total(NEUTRAL, move.evaluate(tick * TICK))) for tick in range(-1, round(move.duration / TICK) + 3)
        ]
        assert not any(clamp(from_base(pose))[1] for pose in path)
        speeds = [[(b - a) / TICK for a, b in zip(p, q, strict=True)] for p, q in pairwise(path)]
        changes = [[(b - a) / TICK for a, b in zip(p, q, strict=True)] for p, q in pairwise(speeds)]
        for joint, (fastest, strongest) in enumerate(zip(MAX_SPEED, MAX_ACCELERATION, strict=True)):
            assert max(abs(speed[joint]) for speed in speeds) <= fastest
            assert max(abs(change[joint]) for change in changes) <= strongest


def test_a_mirrored_move_leans_to_the_other_side():
    settings = scale().at(0.0).motion
    left, right = (
        Move(bundled_moves()["point_and_return"], Showing("point_and_return", side, 1.0, 1.0), STILL, settings)
        for side in (1, -1)
    )
    one, other = left.evaluate(0.6), right.evaluate(0.6)
    assert one.head_yaw == -other.head_yaw > 0.05 and one.body_yaw == -other.body_yaw > 0.02
    assert one.head_pitch == other.head_pitch > 0 and one.antenna_left == other.antenna_left


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("moves:\n  a:\n    for: [rest]\n    seconds: 1\n    keyframes: [{at: 0.5}]\n", "moves.yaml:5: .*rise to 1.0"),
        ("moves:\n  a:\n    for: [rest]\n    seconds: 99\n    keyframes: [{at: 1.0}]\n", "moves.yaml:4: "),
        (
            "moves:\n  a:\n    for: [rest]\n    seconds: 1\n    keyframes:\n      - {at: 1.0, pich: 1}\n",
            "moves.yaml:6: .*unknown key; the keys here are at, roll, pitch",
        ),
        (
            "moves:\n  a:\n    for: [rest]\n    seconds: 1\n    keyframes:\n"
            "      - {at: 0.4}\n      - {at: 1.0, roll: 2}\n",
            "moves.yaml:7: .*roll",
        ),
        ("- a\n", "moves.yaml:1: "),
    ],
)
def test_a_broken_move_is_refused_with_its_line(tmp_path: Path, text: str, says: str):
    path = tmp_path / "moves.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        load_moves(path)
