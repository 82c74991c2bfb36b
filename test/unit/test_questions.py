"""What may be asked, and the one sentence that says why something may not."""

import pytest

from phied_robot.pedagogy.questions import LONGEST_QUESTION, check_question


@pytest.mark.parametrize(
    "question",
    ["Why?", "2", "Warum brauchen Pflanzen Licht?", "Où va l'eau ?", "What is π?", "I like it 🌻", "a\nb", "1/2"],
)
def test_a_childs_question_is_fit(question: str) -> None:
    assert check_question(question, "en") is None


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("", "holds no words"),
        ("  \n", "holds no words"),
        ("?!", "holds no words"),
        ("🌻🌻", "holds no words"),
        ("a" * 20_000, "has 20000 characters; ask one of at most 1000"),
        ("why\x07", "control characters"),
        ("why\x00", "control characters"),
        ("why\ud800", "control characters"),
        ("Почему трава зелёная?", "another script; ask it in English"),
        ("为什么草是绿色的", "another script"),
        ("لماذا", "another script"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(question: str, reason: str) -> None:
    refusal = check_question(question, "en")
    assert refusal is not None
    assert reason in refusal
    assert refusal.endswith(".") and "\n" not in refusal


def test_the_longest_question_is_fit() -> None:
    assert check_question("a" * LONGEST_QUESTION, "fr") is None
    assert check_question("a" * (LONGEST_QUESTION + 1), "fr") is not None


def test_the_language_to_use_is_named() -> None:
    assert "German" in str(check_question("Почему", "de"))
