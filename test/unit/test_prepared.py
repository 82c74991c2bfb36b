"""Prepared sentences exist for every language, manner and occasion, and can be repeated."""

from collections.abc import Callable
from itertools import product

import pytest

from phied_robot.pedagogy import prepared
from phied_robot.pedagogy.lessons import find_lesson, load_lesson
from phied_robot.pedagogy.questions import check_question, refusal
from phied_robot.pedagogy.sentences import SentenceCutter

LANGUAGES = ("en", "fr", "de")
OCCASIONS: list[Callable[[str, float, int], str]] = [
    prepared.unknown,
    prepared.filler,
    prepared.resumed,
    lambda language, extraversion, seed: prepared.greeting("Fractions", language, extraversion, seed),
    lambda language, extraversion, seed: prepared.late_answer(None, language, extraversion, seed),
    lambda language, extraversion, seed: prepared.story("Mia and the bean", language, extraversion, seed),
    prepared.right,
    lambda language, extraversion, seed: prepared.wrong("the roots", language, extraversion, seed),
    prepared.quiz_over,
]
TRAIT_WORDS = ("quiet", "shy", "calm", "outgoing", "introvert", "extravert", "party", "timide", "schüchtern", "still")


@pytest.mark.parametrize(("occasion", "language"), list(product(OCCASIONS, LANGUAGES)))
def test_manners_differ_and_variants_repeat(occasion: Callable[[str, float, int], str], language: str) -> None:
    said = {level: [occasion(language, level, seed) for seed in range(6)] for level in (-1.0, 0.0, 1.0)}
    assert not set(said[-1.0]) & set(said[1.0])
    for level, variants in said.items():
        assert len(set(variants)) >= 2
        assert variants == [occasion(language, level, seed) for seed in range(6)]
    assert "!" in "".join(said[1.0])
    assert "!" not in "".join(said[-1.0])
    assert not any(word in text.lower().split() for texts in said.values() for text in texts for word in TRAIT_WORDS)


@pytest.mark.parametrize(("occasion", "language"), list(product(OCCASIONS, LANGUAGES)))
def test_a_prepared_text_is_short_and_fit_to_speak(occasion: Callable[[str, float, int], str], language: str) -> None:
    for level, seed in product((-1.0, 0.0, 1.0), range(6)):
        text = occasion(language, level, seed)
        assert check_question(text, language) is None
        cutter = SentenceCutter()
        sentences = cutter.feed(text) + cutter.finish()
        assert " ".join(sentences) == text
        assert all(len(sentence.split()) <= 14 for sentence in sentences)
        assert "{" not in text


def test_a_late_answer_holds_the_fact_word_for_word() -> None:
    fact = load_lesson(find_lesson("plants")).fact("food")
    for level in (-1.0, 0.0, 1.0):
        text = prepared.late_answer(fact, "en", level, 3)
        assert text.endswith(fact.text)
        assert text != fact.text


def test_a_filler_is_spoken_in_about_a_second() -> None:
    for language, level, seed in product(LANGUAGES, (-1.0, 0.0, 1.0), range(6)):
        assert len(prepared.filler(language, level, seed).split()) <= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_of_a_refusal_has_its_own_sentence(language: str) -> None:
    questions = ["", "a" * 2_000, "a\x00", "Почему"]
    sentences = {prepared.refused(language, 0, refusal(question)) for question in questions}
    sentences.add(prepared.refused(language, 0))
    assert len(sentences) == len(questions) + 1
