"""What the demo model is taught is what it is asked in class."""

import random
from functools import cache

import pytest

from phied_robot.pedagogy.lessons import lessons_directory
from phied_robot.training.demo.corpus import Corpus, read_corpus
from phied_robot.training.demo.examples import ASKED_BEFORE, SITUATIONS, Scene, answer, draw_scene


@cache
def corpora() -> tuple[Corpus, Corpus]:
    return read_corpus()


def scenes(situation: str, number: int = 60, made_up: float = 0.0) -> list[Scene]:
    rng = random.Random(5)
    return [draw_scene(corpora()[0], rng, made_up=made_up, situation=situation) for _ in range(number)]


def test_no_topic_of_the_evaluation_is_in_training() -> None:
    training, evaluation = corpora()
    assert {lesson.name for lesson in training.lessons}.isdisjoint(lesson.name for lesson in evaluation.lessons)


def test_the_bundled_lessons_are_taught() -> None:
    taught = {lesson.name for lesson in corpora()[0].lessons}
    assert {path.stem for path in lessons_directory().glob("*.yaml")} <= taught


@pytest.mark.parametrize("situation", ["question", "misconception", *ASKED_BEFORE])
@pytest.mark.parametrize("made_up", [0.0, 1.0])
def test_the_fact_that_fits_is_among_the_notes(situation: str, made_up: float) -> None:
    for scene in scenes(situation, made_up=made_up):
        assert scene.fact in scene.grounding.facts


def test_most_questions_stand_beside_the_notes_that_class_would_find() -> None:
    found = 0
    for scene in scenes("question", 200):
        retriever = corpora()[0].retrievers[scene.lesson.name]
        found += tuple(retriever.notes(retriever.search(scene.heard), 3)) == scene.grounding.facts
    assert found > 90


def test_outside_of_a_lesson_the_tutor_does_not_know() -> None:
    rng = random.Random(6)
    answers = [answer(corpora()[0], scene, rng) for scene in scenes("outside")]
    assert all("not know" in said for said in answers)


@pytest.mark.parametrize("situation", list(SITUATIONS))
def test_an_answer_leaves_no_slot_of_its_frame_open(situation: str) -> None:
    rng = random.Random(7)
    for scene in scenes(situation, made_up=0.3):
        said = answer(corpora()[0], scene, rng)
        assert said and "{" not in said


def test_the_same_seed_draws_the_same_scenes() -> None:
    assert scenes("question", 10) == scenes("question", 10)
