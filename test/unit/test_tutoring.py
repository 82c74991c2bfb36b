"""What the tutoring nodes know of a session: the prompts that follow from lesson, child and conversation."""

import pytest

from phied_robot.messages import Exchange, Progress, Session, Turn
from phied_robot.pedagogy.lessons import find_lesson, load_lesson
from phied_robot.pedagogy.tutoring import Tutoring

OLDER = next(fact for fact in load_lesson(find_lesson("plants")).facts if fact.from_age)


def tutoring(**fields: object) -> Tutoring:
    made = Tutoring(history_turns=2)
    made.set_session(Session.model_validate({"session_id": "s", "schema": "", **fields}))
    return made


def progress(turns: int, lesson: str = "plants", first: int = 0) -> Progress:
    exchanges = [
        Exchange(turn_id=f"t{number}", heard=f"q{number}", strategy="", answer=f"a{number}.")
        for number in range(first, turns)
    ]
    return Progress(session_id="s", lesson=lesson, exchanges=exchanges)


@pytest.mark.parametrize("old_enough", [False, True])
def test_a_child_is_told_no_fact_above_its_age(old_enough: bool) -> None:
    assert OLDER.from_age is not None
    made = tutoring(age=OLDER.from_age - (not old_enough))
    question = OLDER.asked[0]
    for prompt in (made.strategy_messages(question), made.response_messages(question, "direct_instruction")):
        assert (OLDER.text in prompt[0]["content"]) is old_enough
    assert (OLDER.text in made.prepared_answer(question)) is old_enough


def test_notes_begin_with_what_was_found_and_are_filled_up_from_the_lesson() -> None:
    made = tutoring(lesson="water_cycle", age=10)
    notes = made.strategy_messages("What is fog?")[0]["content"].split("Notes:\n")[1].splitlines()
    assert notes[0] == "- Fog is a cloud that touches the ground."
    assert len(notes) == len(set(notes)) == 3
    assert "Notes:\n" not in made.strategy_messages("Who won the football match?")[0]["content"]


def test_a_change_of_age_keeps_the_conversation_and_a_change_of_lesson_begins_a_new_one() -> None:
    made = tutoring(age=8)
    made.set_progress(progress(1))
    made.set_session(Session(session_id="s", age=5))
    assert made.turns == 1
    made.set_session(Session(session_id="s", age=5, lesson="fractions"))
    assert made.turns == 0


def test_prompts_hold_the_latest_turns_only_and_the_manner_of_the_session() -> None:
    made = tutoring(extraversion=-1.0)
    for number in range(5):
        made.set_progress(progress(number))
    prompt = made.response_messages("Why do plants need sunlight?", "direct_instruction")
    assert [message["content"] for message in prompt[1:-1]] == ["q2", "a2.", "q3", "a3."]
    assert "tentatively" in prompt[0]["content"]


def test_the_conversation_is_found_again_whichever_comes_first_the_session_or_the_progress() -> None:
    made = Tutoring(history_turns=2)
    made.set_progress(progress(3))
    assert made.turns == 0
    made.set_session(Session(session_id="s"))
    assert made.turns == 3
    made.set_progress(progress(3, lesson="fractions"))
    assert made.turns == 3
    made.set_progress(progress(5, first=2))
    prompt = made.response_messages("Why do plants need sunlight?", "direct_instruction")
    assert [message["content"] for message in prompt[1:-1]] == ["q3", "a3.", "q4", "a4."]
    assert made.turns == 3


def test_a_turn_is_remembered_once_whichever_of_two_topics_tells_it_first() -> None:
    made = tutoring()
    made.set_progress(progress(2))
    made.remember(Turn(turn_id="t2", phase="ended", heard="q2", answer="a2."))
    assert made.turns == 3
    made.set_progress(progress(2))  # was sent before that turn ended
    made.set_progress(progress(3))
    assert made.turns == 3
    prompt = made.response_messages("Why do plants need sunlight?", "direct_instruction")
    assert [message["content"] for message in prompt[1:-1]][-2:] == ["q2", "a2."]
