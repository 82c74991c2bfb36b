"""The memory of a conversation, and the profile of a student."""

import pytest

from phied_robot.pedagogy.lessons import Lesson, find_lesson, load_lesson
from phied_robot.pedagogy.students import MAX_TURNS, Conversation, age_band


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return load_lesson(find_lesson("plants"))


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (3, "toddlers"),
        (4, "preschoolers"),
        (5, "preschoolers"),
        (6, "early elementary"),
        (8, "early elementary"),
        (9, "late elementary"),
        (10, "late elementary"),
        (11, "preteens"),
        (12, "preteens"),
    ],
)
def test_an_age_belongs_to_a_group(age: int, band: str) -> None:
    assert age_band(age) == band


def test_the_fact_of_an_answer_is_recognized_by_its_sentence(lesson: Lesson) -> None:
    fact = lesson.fact("roots")
    conversation = Conversation(lesson)
    for sentence in (fact.text, fact.ask, fact.hint, fact.example):
        turn = conversation.remember(
            "what is under the ground", "direct_instruction", f"Well, listen! {sentence} Nice."
        )
        assert turn.fact == "roots"
    assert {turn.fact for turn in conversation.turns} == {"roots"}


def test_the_last_of_several_facts_counts(lesson: Lesson) -> None:
    answer = f"{lesson.fact('roots').text} {lesson.fact('stem').ask}"
    turn = Conversation(lesson).remember("how do plants drink", "socratic_questioning", answer)
    assert turn.fact == "stem"
    assert turn.question == lesson.fact("stem").ask


def test_a_check_question_is_recognized(lesson: Lesson) -> None:
    check = lesson.checks[1]
    turn = Conversation(lesson).remember("ask me", "socratic_questioning", f"Sure! {check.question}")
    assert turn.check == check
    assert turn.fact == check.fact


def test_an_answer_of_the_models_own_words_has_no_fact(lesson: Lesson) -> None:
    turn = Conversation(lesson).remember("hello", "encouragement", "Nice to see you.")
    assert (turn.fact, turn.check, turn.question) == ("", None, "")


def test_a_long_conversation_forgets_its_beginning(lesson: Lesson) -> None:
    conversation = Conversation(lesson)
    for number in range(MAX_TURNS + 5):
        conversation.remember(f"question {number}", "direct_instruction", "answer")
    assert len(conversation.turns) == MAX_TURNS
    assert conversation.turns[-1].heard == f"question {MAX_TURNS + 4}"
    assert conversation.turns[0].heard == "question 5"
