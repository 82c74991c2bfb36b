import random

import pytest
from training_data import choice

from phied_robot.evaluation.classifier import TextClassifier, majority
from phied_robot.evaluation.figures import calibration, controlled_d, share
from phied_robot.evaluation.strategy import contexts_of, score
from phied_robot.pedagogy.strategies import BY_LABEL


def test_a_share_comes_with_wilsons_interval() -> None:
    half = share([True] * 5 + [False] * 5)
    assert half is not None
    assert (half.value, half.number) == (0.5, 10)
    assert (half.low, half.high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert share([]) is None


def test_d_of_equally_long_answers_is_the_difference_in_pooled_deviations() -> None:
    found = controlled_d([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], ([5, 5, 5], [5, 5, 5]))
    assert found is not None
    d, low, high = found
    assert d == pytest.approx(1.0)
    assert low < 0 < d < high


def test_d_does_not_see_what_length_alone_explains() -> None:
    rng = random.Random(1)
    long, short = ([rng.uniform(*span) for _ in range(200)] for span in ((15, 40), (5, 20)))
    noise = [rng.gauss(0, 0.3) for _ in range(400)]
    extravert = [0.1 * length**0.5 + noise.pop() for length in long]
    introvert = [0.1 * length**0.5 + noise.pop() for length in short]
    naive = controlled_d(extravert, introvert, ([1.0] * 200, [1.0] * 200))
    controlled = controlled_d(extravert, introvert, (long, short))
    assert naive is not None
    assert controlled is not None
    assert naive[1] > 0.3
    assert controlled[1] < 0 < controlled[2]


def test_d_without_variation_is_no_effect() -> None:
    assert controlled_d([0.0] * 9, [0.0] * 9, ([3, 4, 5] * 3, [5, 6, 7] * 3)) is None


def test_the_interval_of_d_covers_the_true_effect_about_as_often_as_it_says() -> None:
    rng = random.Random(5)
    covered = 0
    for _ in range(300):
        extravert, introvert = ([rng.gauss(mean, 1) for _ in range(30)] for mean in (0.5, 0.0))
        lengths = [rng.uniform(5, 30) for _ in range(30)]
        found = controlled_d(extravert, introvert, (lengths, lengths))
        assert found is not None
        covered += found[1] <= 0.5 <= found[2]
    assert 0.92 <= covered / 300 <= 0.98


def test_calibration_error() -> None:
    assert calibration([0.75] * 4, [1, 1, 1, 0])[0] == pytest.approx(0.0)
    error, bins = calibration([0.95, 0.95, 0.35, 1.0], [0, 1, 0.35, 1])
    assert [one.number for one in bins] == [1, 3]
    assert error == pytest.approx(3 / 4 * abs(2.9 / 3 - 2 / 3))


def sure_of(label: str, probability: float = 1.0) -> dict[str, float]:
    rest = (1 - probability) / (len(BY_LABEL) - 1)
    return {one: probability if one == label else rest for one in BY_LABEL}


def test_a_choice_is_right_when_any_teacher_made_it() -> None:
    contexts = contexts_of(
        [
            choice("Student: one", "confirmation", "1", accepted=("confirmation", "encouragement")),
            choice("Student: one", "confirmation", "1"),
            choice("Student: two", "scaffolding", "2"),
            choice("Student: three", "direct_instruction", "3"),
        ]
    )
    assert [len(context.choices) for context in contexts] == [2, 1, 1]
    scores = score(contexts, [sure_of("encouragement"), sure_of("socratic_questioning"), sure_of("direct_instruction")])
    assert scores.accepted.value == pytest.approx(2 / 3)
    assert scores.group.value == 1.0
    assert scores.agreement.value == pytest.approx(1 / 4)
    assert scores.confusion["confirmation"] == {"encouragement": 2}


def test_a_distribution_that_knows_the_teachers_loses_less() -> None:
    contexts = contexts_of([choice(f"Student: number {number}", "confirmation", str(number)) for number in range(4)])
    losses = [score(contexts, [sure_of("confirmation", p)] * 4).log_loss for p in (0.125, 0.5, 0.9)]
    assert losses[0] == pytest.approx(2.079, abs=1e-3)
    assert losses == sorted(losses, reverse=True)


def test_the_linear_classifier_learns_and_names_only_labels_it_saw() -> None:
    texts = ["What do you think?", "Why is that?", "How many?", "Well done!", "That is right!", "Very good!"] * 3
    labels = (["socratic_questioning"] * 3 + ["confirmation"] * 3) * 3
    classifier = TextClassifier(texts, labels)
    assert classifier.labels(["Why do you think so?", "Right, well done!"]) == ["socratic_questioning", "confirmation"]
    (distribution,) = classifier.distributions(["Why?"])
    assert sum(distribution.values()) == pytest.approx(1)
    assert distribution["redirection"] == 0
    assert classifier.labels([]) == []


def test_the_majority_is_the_labels_own_distribution() -> None:
    assert majority(["confirmation", "confirmation", "scaffolding", "redirection"])["confirmation"] == 0.5
