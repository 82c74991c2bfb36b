from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_data import answer, choice, shared

from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.training.data.examples import DataError, Example
from phied_robot.training.data.importers import IMPORTERS
from phied_robot.training.data.similarity import near_duplicates, shingles, similar_pairs, similarity, situation
from phied_robot.training.data.splits import find_leaks, split

EXAMPLES = st.lists(
    st.builds(
        lambda said, label, conversation, source: choice(f"Student: {said}", label, conversation, source=source),
        st.lists(st.sampled_from(["one", "two", "three", "four", "five", "six"]), min_size=1, max_size=5).map(" ".join),
        st.sampled_from(list(BY_LABEL)),
        st.sampled_from(["", *"abcdefghijkl"]),
        st.sampled_from(["bridge", "cima"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(examples=EXAMPLES, seed=st.integers(0, 5))
def test_no_conversation_and_no_input_is_on_two_sides(examples: list[Example], seed: int) -> None:
    try:
        parts = split(examples, seed=seed)
    except DataError as error:
        assert "cannot be divided" in str(error)
        return
    assert Counter(one for part in parts.values() for one in part) == Counter(examples)
    assert all(parts.values())
    sides: dict[object, set[str]] = {}
    for name, part in parts.items():
        for example in part:
            sides.setdefault(situation(example), set()).add(name)
            if example.conversation_id:
                sides.setdefault((example.source, example.conversation_id), set()).add(name)
    assert all(len(names) == 1 for names in sides.values())
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert find_leaks(parts[one], parts[other]) == []


def test_the_parts_have_their_share_of_every_label() -> None:
    labels = ["confirmation"] * 50 + ["scaffolding"] * 30 + ["redirection"] * 20
    examples = [choice(f"Student: number {number}", label, str(number)) for number, label in enumerate(labels)]
    parts = split(examples)
    assert {name: len(part) for name, part in parts.items()} == {"train": 80, "validation": 10, "test": 10}
    assert Counter(example.strategy for example in parts["test"]) == {
        "confirmation": 5,
        "scaffolding": 3,
        "redirection": 2,
    }


def test_a_seed_gives_its_split_again_and_another_seed_another_one() -> None:
    examples = [choice(f"Student: number {number}", "confirmation", str(number)) for number in range(60)]
    assert split(examples, seed=1) == split(examples, seed=1)
    assert split(examples, seed=1) != split(examples, seed=2)


def test_too_few_conversations_are_refused() -> None:
    examples = [choice(f"Student: {word}", "confirmation", "the same") for word in ("one", "two", "three")]
    with pytest.raises(DataError, match="1 conversations cannot be divided into 3 parts"):
        split(examples)


def test_a_part_without_a_share_stays_empty() -> None:
    examples = [choice(f"Student: number {number}", "confirmation", str(number)) for number in range(10)]
    assert {name: len(part) for name, part in split(examples, (0.9, 0.0, 0.1)).items()} == {
        "train": 9,
        "validation": 0,
        "test": 1,
    }


def test_the_leaks_of_bridges_own_split_are_found() -> None:
    folder = shared("bridge")
    training, evaluation = (
        [example for example in IMPORTERS["bridge"](folder / name) if example.task == "strategy"]
        for name in ("train.json", "test.json")
    )
    leaks = find_leaks(evaluation, training)
    assert len(evaluation) == 210
    assert Counter(leak.reason for leak in leaks) == {"the same input": 94, "the same conversation": 19}


def test_nearly_the_same_examples_are_found_and_agreeing_teachers_are_not() -> None:
    long = "Lesson: Rain\nStudent: Why does the rain fall down from the big grey clouds in the sky so often here?"
    examples = [
        answer(long, "Because the drops become too heavy for the air to hold them up, so they fall down to us."),
        answer(long + "!", "Because the drops become too heavy for the air to hold them up so they fall down to us!"),
        answer(long, "What do you think happens to a drop that becomes heavy?"),
        choice(long, "scaffolding", "1"),
        choice(long, "scaffolding", "1"),
        choice(long, "scaffolding", "2"),
    ]
    assert sorted(near_duplicates(examples)) == [(0, 1), (3, 5), (4, 5)]


@given(st.lists(st.text("abc ", max_size=12), max_size=12), st.sampled_from([0.5, 0.8, 1.0]))
def test_the_search_for_similar_texts_finds_what_comparing_all_of_them_finds(
    texts: list[str], threshold: float
) -> None:
    sets = [shingles(text) for text in texts]
    every = {
        (one, other)
        for other in range(len(sets))
        for one in range(other)
        if similarity(sets[one], sets[other]) >= threshold
    }
    assert set(similar_pairs(sets, threshold)) == every
