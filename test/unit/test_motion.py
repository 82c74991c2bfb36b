import math
import random
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phied_robot.expression.accents import SpokenSentence
from phied_robot.expression.limiter import (
    AVERAGED,
    DEADBAND,
    LONGEST_STEP,
    MAX_ACCELERATION,
    Limiter,
    Smoother,
    max_jerk,
)
from phied_robot.expression.motion import HALT_SECONDS, MotionEngine
from phied_robot.expression.moves import bundled_moves
from phied_robot.expression.personalities import scale
from phied_robot.personality import BANDS
from phied_robot.robots.pose import NEUTRAL, Joints
from phied_robot.robots.safe_boxes import HIGH, LOW, MAX_SPEED, clamp, from_base, from_body

TICK = 0.02


def engine(extraversion: float = 0.0, loudness: Callable[[], float] = lambda: 0.0) -> MotionEngine:
    made = MotionEngine(scale().at(extraversion).motion)
    made.set_loudness(loudness)
    return made


class Clock:
    """Time as the motion loop sees it, and a voice that speaks by this clock."""

    def __init__(self, start: float = 100.0) -> None:
        self.now = start

    def run(self, made: MotionEngine, seconds: float) -> list[Joints]:
        path = []
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            path.append(made.tick(self.now))
        return path

    def voice(self) -> float:
        """Four syllables a second, and a pause of 0.3 s after every 1.5 s."""
        return abs(math.sin(2 * math.pi * 2 * self.now)) if self.now % 1.8 < 1.5 else 0.0


def travel(path: list[Joints], joint: str) -> float:
    values = [getattr(joints, joint) for joints in path]
    return math.degrees(max(values) - min(values))


def no_jump(path: list[Joints], seconds: float = TICK) -> bool:
    return all(
        abs(after - before) <= speed * seconds + 1e-9
        for first, second in pairwise(path)
        for before, after, speed in zip(from_body(first), from_body(second), MAX_SPEED, strict=True)
    )


def test_it_begins_in_the_neutral_pose():
    assert engine().tick(5.0) == pytest.approx(NEUTRAL, abs=0.01)


OCCASIONS = sorted({occasion for move in bundled_moves().values() for occasion in move.occasions})


@pytest.mark.parametrize("occasion", [occasion for occasion in OCCASIONS if occasion != "rest"])
@pytest.mark.parametrize("preset", BANDS)
def test_every_gesture_is_seen_in_its_size(occasion, preset):
    settings = scale().at(BANDS[preset]).motion
    made, clock = engine(BANDS[preset]), Clock()
    made.set_mode("speaking")
    made.play(occasion)
    path = clock.run(made, 4.0)
    head = max(travel(path, joint) for joint in ("head_roll", "head_pitch", "head_yaw"))
    assert head > 0.25 * settings.head_amplitude
    assert no_jump(path)


def test_a_gesture_that_ends_in_the_neutral_pose_leaves_the_robot_there():
    made, clock = engine(), Clock()
    made.set_mode("speaking")
    made.play("confirmation")
    assert clock.run(made, 4.0)[-1] == pytest.approx(NEUTRAL, abs=1.1 * max(DEADBAND))


@pytest.mark.parametrize("mode", ["thinking", "attentive", "listening"])
def test_a_posture_is_held_until_the_next_mode(mode):
    made, clock = engine(1.0), Clock()
    made.set_mode(mode)
    held = clock.run(made, 3.0)[-1]
    assert held != pytest.approx(NEUTRAL, abs=0.03)
    assert clock.run(made, 2.0)[-1] == pytest.approx(held, abs=1e-6)
    made.set_mode("speaking")
    assert clock.run(made, 3.0)[-1] == pytest.approx(NEUTRAL, abs=1.1 * max(DEADBAND))


def test_thinking_shows_within_300_ms():
    for extraversion in BANDS.values():
        made, clock = engine(extraversion), Clock()
        before = clock.run(made, 2.0)[-1]
        made.set_mode("thinking")
        after = clock.run(made, 0.3)[-1]
        assert max(abs(math.degrees(b - a)) for a, b in zip(before[3:6], after[3:6], strict=True)) > 1.0


def test_the_head_follows_the_voice_and_rests_after_it():
    clock = Clock()
    speaking = [True]
    made = engine(0.0, lambda: clock.voice() if speaking else 0.0)
    made.set_mode("speaking")
    assert travel(clock.run(made, 4.0), "head_yaw") > 5
    speaking.clear()
    clock.run(made, 3.0)
    quiet = clock.run(made, 2.0)
    assert travel(quiet, "head_yaw") < 0.01
    assert travel(quiet, "head_pitch") < 0.01


def test_an_extravert_moves_more_than_an_introvert():
    sizes = {}
    for preset, extraversion in BANDS.items():
        clock = Clock()
        made = engine(extraversion, clock.voice)
        made.set_mode("speaking")
        path = clock.run(made, 4.0)
        sizes[preset] = travel(path, "head_yaw")
    assert sizes["introvert"] < sizes["neutral"] < sizes["extravert"]
    assert sizes["extravert"] >= 1.6 * sizes["introvert"]


def nods(path: list[Joints]) -> list[int]:
    """The ticks at which gestures begin: only they move the antennas of a robot that speaks."""
    open_ = [joints.antenna_left > NEUTRAL.antenna_left + 0.02 for joints in path]
    return [number for number, (before, after) in enumerate(pairwise(open_)) if after and not before]


def speak_clauses(extraversion: float, clauses: int, every: float = 1.8) -> list[Joints]:
    made, clock = engine(extraversion), Clock()
    made.set_mode("speaking")
    clock.run(made, 1.0)
    made.speak(SpokenSentence("", tuple(every * number for number in range(clauses)), every * clauses))
    return clock.run(made, every * clauses + 1.0)


def test_an_extravert_nods_with_every_clause_and_an_introvert_with_every_third():
    assert len(nods(speak_clauses(1.0, 12))) == 12
    assert len(nods(speak_clauses(-1.0, 12))) == 3


def test_gestures_begin_with_their_clauses():
    begun = nods(speak_clauses(1.0, 6))
    late = [number * TICK - clause * 1.8 for clause, number in enumerate(begun)]
    assert min(late) >= 0 and max(late) < 0.2


def test_motion_ends_with_the_voice():
    for extraversion in BANDS.values():
        made, clock = engine(extraversion), Clock()
        made.set_mode("speaking")
        made.speak(SpokenSentence("direct_instruction", (0.0, 1.5), 2.0, opens=True))
        assert travel(clock.run(made, 2.0), "antenna_left") > 3
        clock.run(made, 1.2)
        assert travel(clock.run(made, 1.0), "antenna_left") < 0.5


def test_the_first_sentence_of_an_answer_always_shows_its_strategy():
    for extraversion in BANDS.values():
        shown: list[str] = []
        made = MotionEngine(scale().at(extraversion).motion, on_move=shown.append)
        clock = Clock()
        made.set_mode("speaking")
        made.speak(SpokenSentence("confirmation", (0.0,), 3.0, opens=True))
        clock.run(made, 3.0)
        assert len(shown) == 1 and "confirmation" in bundled_moves()[shown[0]].occasions


def test_a_personality_changes_at_run_time():
    made, clock = engine(-1.0), Clock()
    made.set_mode("speaking")
    made.play("direct_instruction")
    small = travel(clock.run(made, 4.0), "antenna_left")
    made.configure(scale().at(1.0).motion)
    made.play("direct_instruction")
    assert travel(clock.run(made, 4.0), "antenna_left") > 1.4 * small


def test_it_breathes_when_idle_and_only_then():
    made, clock = engine(), Clock()
    idle = clock.run(made, 10.0)
    assert 4.0 < 1000 * (max(j.head_z for j in idle) - min(j.head_z for j in idle)) < 6.0
    assert travel(idle, "antenna_left") > 20
    made.set_mode("listening")
    clock.run(made, 2.0)
    listening = clock.run(made, 4.0)
    assert travel(listening, "antenna_left") < 0.01


def test_an_introvert_looks_away_while_listening_for_its_share_of_the_time():
    for extraversion in BANDS.values():
        share = scale().at(extraversion).motion.gaze_aversion
        made, clock = engine(extraversion), Clock()
        made.set_mode("listening")
        path = clock.run(made, 30.0)
        ahead = statistics.median(joints.head_yaw for joints in path)  # one way to listen holds the head aside
        away = sum(abs(joints.head_yaw - ahead) > 0.001 for joints in path) / len(path)
        assert away == pytest.approx(share, abs=0.05)


def test_freezing_holds_the_target_at_once_and_resuming_is_soft():
    clock = Clock()
    speaking = [True]
    made = engine(1.0, lambda: clock.voice() if speaking else 0.0)
    made.set_mode("speaking")
    made.play("direct_instruction")
    moving = clock.run(made, 0.5)
    assert moving[-1] != moving[-2]
    made.freeze()
    made.play("confirmation")
    made.set_mode("idle")
    assert set(clock.run(made, 2.0)) == {moving[-1]}
    speaking.clear()
    made.resume()
    resumed = clock.run(made, 3.0)
    assert no_jump([moving[-1], *resumed])
    assert resumed[-1].head_yaw == pytest.approx(0.0, abs=0.002)


def test_after_a_halt_the_robot_stands_still_and_goes_back_softly():
    made, clock = engine(1.0, lambda: 0.0), Clock()
    made.set_mode("speaking")
    made.play("socratic_questioning")
    moving = clock.run(made, 0.6)
    made.halt()
    assert set(clock.run(made, HALT_SECONDS - TICK)) == {moving[-1]}
    made.set_mode("idle")
    back = clock.run(made, 5.0)
    assert no_jump([moving[-1], *back])
    assert set(back[-100:]) == {back[-1]}
    assert back[-1] == pytest.approx(NEUTRAL, abs=1.1 * max(DEADBAND))


def test_a_halt_holds_a_robot_that_lags_where_it_is_and_goes_back_from_there():
    made, clock = engine(1.0), Clock()
    made.set_mode("speaking")
    made.play("socratic_questioning")
    before, late = clock.run(made, 0.6)[-7:-5]
    made.report(before, clock.now - TICK)
    made.report(late, clock.now)
    made.halt()
    (held,) = set(clock.run(made, HALT_SECONDS - TICK))
    # It goes on for a tick before it can be held.
    assert held == pytest.approx([2 * new - old for old, new in zip(before, late, strict=True)])
    assert no_jump([held, *clock.run(made, 3.0)])


def test_a_robot_that_is_not_heard_of_any_more_is_not_sent_back():
    made, clock = engine(1.0), Clock()
    made.set_mode("speaking")
    made.play("socratic_questioning")
    made.report(clock.run(made, 0.2)[-1], clock.now)
    moving = clock.run(made, 0.4)
    made.halt()
    assert set(clock.run(made, 0.1)) == {moving[-1]}


def test_something_new_ends_a_halt():
    made, clock = engine(), Clock()
    clock.run(made, 1.0)
    made.halt()
    clock.run(made, 0.1)
    made.set_mode("thinking")
    path = clock.run(made, 0.3)
    assert max(travel(path, joint) for joint in ("head_roll", "head_pitch", "head_yaw")) > 1.0


def test_resuming_without_a_freeze_changes_nothing():
    made, clock = engine(), Clock()
    made.set_mode("thinking")
    held = clock.run(made, 3.0)[-1]
    made.resume()
    assert clock.run(made, 1.0)[-1] == pytest.approx(held, abs=1e-6)


def test_the_same_seed_shows_the_same_and_another_seed_something_else():
    def shown(seed: int) -> list[Joints]:
        made, clock = MotionEngine(scale().at(0.0).motion, seed), Clock()
        made.play("confirmation")
        return clock.run(made, 2.0)

    assert shown(3) == shown(3)
    assert shown(3) != shown(4)


steps = st.lists(
    st.one_of(
        st.sampled_from(OCCASIONS),
        st.sampled_from(["idle", "listening", "thinking", "speaking", "freeze", "halt", "resume", "sentence"]),
        st.floats(-1.0, 1.0),
    ),
    min_size=1,
    max_size=25,
)


@given(steps, st.integers(0, 1000))
@settings(deadline=None, max_examples=60)
def test_whatever_happens_it_stays_in_the_box_and_never_jumps(happenings, seed):
    numbers = random.Random(seed)
    made = engine(0.0, numbers.random)
    now, before = 0.0, made.tick(0.0)
    for happening in happenings:
        if isinstance(happening, float):
            made.configure(scale().at(happening).motion)
        elif happening in OCCASIONS and happening not in ("listening", "thinking"):
            made.play(happening)
        elif happening == "sentence":
            made.speak(SpokenSentence("scaffolding", (0.0, 0.3, 0.9), 1.5))
        elif happening == "halt":
            made.halt()
        elif happening == "freeze":
            made.freeze()
        elif happening == "resume":
            made.resume()
        else:
            made.set_mode(happening)
        for _ in range(numbers.randrange(1, 40)):
            pause = numbers.choice([0.0, 0.001, TICK, TICK, TICK, 0.3])
            now += pause
            after = made.tick(now)
            assert clamp(after) == (after, False)
            assert no_jump([before, after], LONGEST_STEP)
            before = after


joints_in_box = st.builds(Joints, *(st.floats(low, high) for low, high in zip(LOW, HIGH, strict=True)))


@given(st.lists(joints_in_box, min_size=1, max_size=5))
@settings(deadline=None, max_examples=50)
def test_the_limiter_arrives_wherever_it_is_sent(targets):
    limiter = Limiter(NEUTRAL)
    for target in targets:
        goal = from_body(clamp(target)[0])
        for _ in range(300):
            limiter.step(goal, TICK)
        assert limiter.position == pytest.approx(goal, abs=1e-6)


def test_the_limiter_neither_hurries_nor_overshoots():
    goal = NEUTRAL._replace(head_yaw=math.radians(30))
    limiter = Limiter(NEUTRAL)
    yaws = [0.0, 0.0] + [limiter.step(goal, TICK).head_yaw for _ in range(60)]
    speeds = [(after - before) / TICK for before, after in pairwise(yaws)]
    accelerations = [abs(after - before) / TICK for before, after in pairwise(speeds)]
    assert max(yaws) <= goal.head_yaw + 1e-9
    assert yaws[-1] == pytest.approx(goal.head_yaw)
    assert max(speeds) <= MAX_SPEED.head_yaw + 1e-9
    assert max(accelerations) <= MAX_ACCELERATION.head_yaw * 1.001


def test_the_limiter_follows_a_feasible_motion_exactly():
    limiter = Limiter(NEUTRAL)
    for number in range(200):
        goal = NEUTRAL._replace(head_yaw=0.3 * (1 - math.cos(number * TICK * 3)))
        assert limiter.step(goal, TICK).head_yaw == pytest.approx(goal.head_yaw, abs=1e-9)


wild_joints = st.builds(Joints, *(st.floats(2 * low, 2 * (high or -low)) for low, high in zip(LOW, HIGH, strict=True)))


@given(st.lists(st.tuples(wild_joints, st.integers(0, 12), st.integers(1, 20)), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_speed_acceleration_and_jerk_are_bounded_and_the_box_is_kept_whatever_is_asked_for(journey):
    smoother, target, path = Smoother(NEUTRAL), NEUTRAL, [NEUTRAL] * 4
    for goal, moving, holding in journey:
        before = target
        for tick in range(1, moving + holding + 1):
            part = min(1.0, tick / moving) if moving else 1.0
            target = Joints(*(a + part * (b - a) for a, b in zip(before, goal, strict=True)))
            path.append(smoother.step(target, TICK))
            assert clamp(path[-1]) == (path[-1], False)
    places = np.array([from_body(pose) for pose in path])
    for order, bound in enumerate((MAX_SPEED, MAX_ACCELERATION, max_jerk(TICK)), start=1):
        reached = np.abs(np.diff(places, order, axis=0)) / TICK**order
        assert np.all(reached.max(axis=0) <= 1.001 * np.array(bound)), (order, reached.max(axis=0) / bound)
    assert AVERAGED * TICK <= 0.1


def test_a_trembling_target_does_not_move_the_motors():
    smoother = Smoother(NEUTRAL)
    numbers = random.Random(1)
    for _ in range(100):
        trembling = (value + play * numbers.uniform(-0.99, 0.99) for value, play in zip(NEUTRAL, DEADBAND, strict=True))
        assert smoother.step(from_base(Joints(*trembling)), TICK) == NEUTRAL
