import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

import pytest
import yaml
from training_data import answer

from phied_robot.evaluation.answers import Answered, answer_all, measure_answers, says_a_note
from phied_robot.evaluation.lesson_prompts import STRATEGIES, lesson_prompts
from phied_robot.evaluation.stories import measure_quizzes, measure_stories, repeats_itself
from phied_robot.evaluation.traits import compare, measure_personality
from phied_robot.language_model.generation import Generation
from phied_robot.pedagogy.activities import QuizQuestion, parse_quiz, write_quiz
from phied_robot.pedagogy.lessons import Lesson, find_lesson, load_lesson
from phied_robot.pedagogy.prompts import Grounding, Message, response_messages
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.pedagogy.trait_words import trait_words
from phied_robot.personality import BANDS
from phied_robot.training.data.chat import age_of, chat_messages
from phied_robot.training.data.dialogue import parse_dialogue
from phied_robot.training.demo.corpus import Corpus, read_corpus
from phied_robot.training.demo.examples import Scene, draw_scene
from phied_robot.training.demo.examples import answer as demo_answer

Item = TypeVar("Item")


@cache
def training_corpus() -> Corpus:
    return read_corpus()[0]


@cache
def scenes() -> dict[str, list[Scene]]:
    """By strategy, at least fifty of each."""
    rng = random.Random(3)
    found: dict[str, list[Scene]] = {strategy: [] for strategy in BY_LABEL}
    while min(map(len, found.values())) < 50:
        scene = draw_scene(training_corpus(), rng)
        found[scene.strategy].append(scene)
    return {strategy: own[:100] for strategy, own in found.items()}


def untracked(items: Sequence[Item], says: str) -> Iterable[Item]:
    return items


class Speaker:
    """A tutor whose answers are known, so that what the measures say of them can be judged."""

    def __init__(self, answers: dict[str, str]) -> None:
        """answers: by a piece of the prompt's first message."""
        self._answers = answers

    def choose(self, messages: list[Message]) -> dict[str, float]:
        return {"confirmation": 1.0}

    def answer(self, messages: list[Message], most_tokens: int) -> Generation:
        text = next(text for piece, text in self._answers.items() if piece in messages[0]["content"])
        return Generation(text, len(text.split()), 0.0, cancelled=False)


@pytest.fixture(scope="module")
def plants() -> Lesson:
    return load_lesson(find_lesson("plants"))


def test_lesson_prompts_are_those_of_class(plants: Lesson) -> None:
    for example in lesson_prompts([plants], 10, seed=3):
        dialogue = parse_dialogue(example.input)
        assert dialogue is not None
        facts = [next(fact for fact in plants.facts if text.startswith(fact.text)) for text in dialogue.notes]
        served = response_messages(
            title=plants.title,
            age=age_of(example),
            manner="neutral",
            strategy=str(example.strategy),
            grounding=Grounding(facts),
            history=(),
            heard=dialogue.heard,
        )
        assert chat_messages(example)[0] == served


def test_lesson_prompts_go_through_strategies_and_facts(plants: Lesson) -> None:
    prompts = lesson_prompts([plants], 10_000, seed=3)
    assert len(prompts) == len(plants.facts) * len(STRATEGIES)
    assert len({(one.conversation_id, one.strategy) for one in prompts}) == len(prompts)
    assert {one.strategy for one in prompts[: len(STRATEGIES)]} == set(STRATEGIES)
    assert lesson_prompts([plants], 7, seed=3) == prompts[:7]
    assert lesson_prompts([plants], 7, seed=4) != prompts[:7]


def test_the_lessons_own_words_reveal_nothing_and_tell_everything(plants: Lesson) -> None:
    prompts = lesson_prompts([plants], 40, seed=1)
    result = measure_answers([Answered(one, one.output) for one in prompts], [], [])
    (row,) = result.rows
    assert row.revealed is not None
    assert row.revealed.value == 0.0
    assert row.language.value == 1.0
    direct = [Answered(one, one.output) for one in prompts if one.strategy == "direct_instruction"]
    told = measure_answers(direct, [], []).rows[0].said
    assert told is not None
    assert told.value == 1.0


def test_a_tutor_who_always_says_the_fact_gives_it_away(plants: Lesson) -> None:
    prompts = [one for one in lesson_prompts([plants], 40, seed=1) if one.strategy == "scaffolding"]
    facts = {fact.id: fact.text for fact in plants.facts}
    answered = [Answered(one, f"Listen! {facts[one.conversation_id.split('/')[1]]}") for one in prompts]
    revealed = measure_answers(answered, [], []).rows[0].revealed
    assert revealed is not None
    assert revealed.value == 1.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A tree drinks through its roots.", True),
        ("Roots! The tree drinks there.", True),
        ("How does a tree drink?", False),
        ("Look below the ground.", False),
    ],
)
def test_what_counts_as_saying_a_note(text: str, says: bool) -> None:
    conversation = "Note: A tree drinks by its roots. Hint: Look below the ground.\nStudent: How does a tree drink?"
    assert says_a_note(text, answer(conversation, "", strategy="scaffolding")) is says


def test_nothing_can_be_revealed_that_the_child_has_said() -> None:
    example = answer("Note: Trees drink.\nStudent: Do trees drink?", "", strategy="scaffolding")
    assert says_a_note("Trees drink.", example) is None
    assert says_a_note("Trees drink.", answer("Student: What?", "", strategy="scaffolding")) is None


def test_the_recogniser_tells_questions_from_praise_and_says_how_good_it_is() -> None:
    asks = [
        answer("Student: 3", f"What is {number} and {number}?", strategy="socratic_questioning") for number in range(9)
    ]
    praises = [answer("Student: 3", f"Yes, {number} is right!", strategy="confirmation") for number in range(9)]
    asked = Answered(answer("Student: 3", "", strategy="confirmation"), "Yes, that is right!")
    missed = Answered(answer("Student: 3", "", strategy="confirmation"), "What is this?")
    result = measure_answers([asked, missed], [*asks[:6], *praises[:6]], [*asks[6:], *praises[6:]])
    assert result.recogniser is not None
    assert result.recogniser.accuracy.value == 1.0
    assert result.recogniser.majority.value == 0.5
    carries_out = result.rows[0].carries_out
    assert carries_out is not None
    assert carries_out.value == 0.5


def test_reading_level_is_reported_by_age_group() -> None:
    hard = "Photosynthesis transforms electromagnetic radiation into carbohydrates. " * 4
    wanted = {"toddlers": hard, "preteens": "The sun is hot. It warms the sea. " * 4}
    answered = [
        Answered(answer("Student: Why?", "", strategy="confirmation", age_group=group), text)
        for group, text in wanted.items()
    ]
    first, second = measure_answers(answered, [], []).reading
    assert (first.age_group, first.fits.value) == ("toddlers", 0.0)
    assert (second.age_group, second.fits.value) == ("preteens", 1.0)
    assert first.formula > second.formula + 5


def test_the_personality_of_our_own_frames_is_seen(plants: Lesson) -> None:
    """The frames that the demo model learns its manner from are what the measure has to tell apart."""
    frames = training_corpus().frames["direct_instruction"]
    prompts = lesson_prompts([plants], 40, seed=1)
    spoken = {
        manner: [
            Answered(one, f"{parts['before'][number % len(parts['before'])]} {one.output}")
            for number, one in enumerate(prompts)
        ]
        for manner, parts in frames.items()
    }
    effects = {effect.cue: effect for effect in compare(spoken, "en").effects}
    for cue in ("we", "social words", "positive words"):
        assert effects[cue].passes, cue
    for cue, sign in (("exclamation marks", 1), ("I", -1), ("tentative words", -1)):
        assert ((effects[cue].d or 0) + effects[cue].complete) * sign > 0.5, cue


@pytest.mark.parametrize("strategy", list(BY_LABEL))
def test_the_corpus_of_the_demo_model_differs_in_more_than_its_punctuation(strategy: str) -> None:
    """What is learned from has to show the manner more clearly than what a small model repeats of it."""
    corpus, rng = training_corpus(), random.Random(strategy)
    spoken = {}
    for manner in BANDS:
        told = (demo_answer(corpus, replace(scene, manner=manner), rng) for scene in scenes()[strategy])
        spoken[manner] = [Answered(answer("Student: Why?", text), text) for text in told]
    effects = {effect.cue: effect.d or 0.0 for effect in compare(spoken, "en").effects}
    assert effects["positive words"] > 0.8
    assert effects["positive, Empath"] > 0.8  # by a list that is not ours
    assert effects["we"] > 0.5
    assert effects["social words"] > 0.5


def test_the_frames_name_no_trait() -> None:
    framing = yaml.safe_dump(training_corpus().frames, allow_unicode=True)
    assert set(trait_words(framing, "en")) == {"introvert", "extravert"}  # the names of the lists themselves


def test_the_same_answers_to_all_show_no_personality(plants: Lesson) -> None:
    speaker = Speaker({"": "We like plants! Perhaps I like them, too."})
    (result,) = measure_personality(speaker, lesson_prompts([plants], 10, seed=1), untracked)
    assert result.prompts == 10
    assert all(effect.d is None for effect in result.effects)
    assert not any(effect.passes for effect in result.effects)


def test_naming_the_trait_is_no_personality(plants: Lesson) -> None:
    manners = {"calmly": "I am shy and quiet.", "plainly": "A plant.", "warmly": "Our party is lively and outgoing."}
    (result,) = measure_personality(Speaker(manners), lesson_prompts([plants], 6, seed=1), untracked)
    assert result.with_trait_words == 12
    assert {effect.cue: effect.means for effect in result.effects}["words"] == (3.0, 2.0, 3.0)


def test_the_manner_reaches_the_prompt(plants: Lesson) -> None:
    manners = {"calmly": "one", "plainly": "two", "warmly": "three"}
    prompts = [one.model_copy(update={"personality": "extravert"}) for one in lesson_prompts([plants], 2, seed=1)]
    assert [one.text for one in answer_all(Speaker(manners), prompts, untracked, "")] == ["three", "three"]


STORY = "The hen found wheat. The pig was tired. " + "She walked on and on through the field of grass. "


def test_quizzes_are_judged_by_form_and_by_the_story() -> None:
    good = write_quiz(QuizQuestion(*one) for one in (("Who?", "the hen"), ("What?", "Wheat"), ("Who slept?", "a cat")))
    result = measure_quizzes([(STORY, good), (STORY, "1. Who?\nAnswer: the hen"), (STORY, "I do not know.")])
    assert result.form.value == pytest.approx(1 / 3)
    assert result.found is not None
    assert result.found.value == pytest.approx(3 / 4)
    assert result.questions is not None
    assert result.questions.value == 1.0


def test_a_quiz_is_read_however_it_is_spaced() -> None:
    expected = [QuizQuestion("Who came?", "the hen"), QuizQuestion("Why?", "to eat")]
    assert parse_quiz("Here:\n\n 1) Who came? \n\n Answer: the hen \n2. Why?\nAnswer: to eat") == expected


def test_stories_are_judged_by_age_group() -> None:
    whole = " ".join(f"The hen found {number} grains of wheat." for number in range(36))
    quiz = write_quiz(QuizQuestion("Who found wheat?", "The hen") for _ in range(3))
    result = measure_stories(Speaker({"Tell a story": whole, "": quiz}), 6, [STORY], untracked)
    first = result.rows[0]
    assert [row.stories for row in result.rows] == [2, 1, 1, 1, 1]
    assert (first.age_group, first.length_fits.value, first.finished.value) == ("toddlers", 1.0, 1.0)
    assert first.reading_fits.value == first.without_repetition.value == 1.0
    assert result.quizzes.quizzes == 7
    assert result.quizzes.form.value == 1.0


def test_a_sentence_that_comes_twice_is_seen() -> None:
    assert repeats_itself("The hen found some wheat. Well. The hen found some wheat!")
    assert not repeats_itself("The hen found some wheat. Yes. Yes. The pig found none of it.")
