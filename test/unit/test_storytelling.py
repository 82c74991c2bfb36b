"""Stories and quizzes: when they are told, how answers are judged, and how a quiz ends."""

import pytest

from phied_robot.messages import Exchange, Progress, Session
from phied_robot.pedagogy.lessons import Lesson, find_lesson, load_lesson
from phied_robot.pedagogy.retrieval import Retriever
from phied_robot.pedagogy.storytelling import Storyteller
from phied_robot.pedagogy.students import Conversation
from phied_robot.pedagogy.tutoring import Tutoring

PLANTS = load_lesson(find_lesson("plants"))
(STORY,) = PLANTS.stories


def talk(*heard: str, lesson: Lesson = PLANTS, extraversion: float = 0.0) -> list[tuple[str, str] | None]:
    """What is said to each of these in turn: strategy and text, or None for the model's part."""
    teller, conversation = Storyteller(lesson, Retriever(lesson), extraversion), Conversation(lesson)
    said: list[tuple[str, str] | None] = []
    for words in heard:
        scripted = teller.answer(words, conversation.turns)
        said.append((scripted.strategy, scripted.text) if scripted else None)
        conversation.remember(words, "", scripted.text if scripted else "The model says this.")
    return said


def in_language(language: str) -> Lesson:
    return PLANTS.model_copy(update={"language": language})


@pytest.mark.parametrize(
    ("language", "wish"),
    [
        ("en", "Tell me a story"),
        ("en", "can you tell us a story about plants?"),
        ("en", "I would like a story."),
        ("en", "A story, please!"),
        ("en", "do we a story"),  # as a recognizer heard "Tell me a story"
        ("en", "Read the story again"),
        ("fr", "Raconte-moi une histoire"),
        ("fr", "Peux-tu me raconter une histoire ?"),
        ("fr", "Une histoire, s'il te plaît"),
        ("de", "Erzähl mir eine Geschichte"),
        ("de", "Kannst du uns bitte eine Geschichte vorlesen?"),
        ("de", "Ich möchte ein Märchen hören"),
    ],
)
def test_a_child_that_wishes_a_story_is_told_one(language: str, wish: str) -> None:
    (told,) = talk(wish, lesson=in_language(language))
    assert told is not None and told[0] == "direct_instruction"
    assert STORY.title in told[1] and STORY.text in told[1] and told[1].endswith(STORY.questions[0].question)


@pytest.mark.parametrize(
    "said", ["Why do plants need sunlight?", "That story was nice.", "What is a story?", "story of"]
)
def test_other_words_are_for_the_model(said: str) -> None:
    assert talk(said) == [None]


def test_a_lesson_without_stories_leaves_the_wish_to_the_model() -> None:
    assert talk("Tell me a story", lesson=PLANTS.model_copy(update={"stories": []})) == [None]


def test_a_quiz_judges_each_answer_goes_on_and_ends() -> None:
    _, second, third = STORY.questions
    _, right, wrong, last = talk("Tell me a story", "It was the roots in the story", "Milk", "Some water!")
    assert right is not None and right[0] == "confirmation" and right[1].endswith(second.question)
    assert wrong is not None and wrong[0] == "corrective_feedback" and second.answer in wrong[1]
    assert wrong[1].endswith(third.question)
    assert last is not None and last[0] == "confirmation" and "?" not in last[1]
    assert talk("Tell me a story", "the roots", "sugar", "water", "Thank you")[-1] is None


def test_a_question_of_the_child_ends_the_quiz() -> None:
    assert talk("Tell me a story", "What are roots?", "the roots")[1:] == [None, None]


def test_another_story_is_told_before_one_is_repeated() -> None:
    other = STORY.model_copy(update={"title": "The old oak", "text": "An oak stood on a hill. Its roots went deep."})
    lesson = PLANTS.model_copy(update={"stories": [STORY, other]})
    told = talk("Tell me a story", "Another story, please", "Tell me a story", lesson=lesson)
    assert [other.text in one[1] for one in told if one] == [False, True, False]


def test_a_story_that_asks_beyond_a_childs_age_is_not_told() -> None:
    fact = next(fact for fact in PLANTS.facts if fact.from_age)
    harder = STORY.questions[0].model_copy(update={"fact": fact.id})
    lesson = PLANTS.model_copy(update={"stories": [STORY.model_copy(update={"questions": [harder]})]})
    assert fact.from_age and not lesson.for_age(fact.from_age - 1).stories and lesson.for_age(fact.from_age).stories


def test_a_quiz_goes_on_from_the_progress_alone_and_prompts_hold_its_question_not_the_story() -> None:
    told = talk("Tell me a story")[0]
    assert told is not None
    tutoring = Tutoring(history_turns=4)
    tutoring.set_session(Session(session_id="s", extraversion=1.0))
    exchange = Exchange(turn_id="t1", heard="Tell me a story", strategy=told[0], answer=told[1])
    tutoring.set_progress(Progress(session_id="s", lesson="plants", exchanges=[exchange]))
    scripted = tutoring.scripted("the roots")
    assert scripted is not None and scripted.strategy == "confirmation" and "!" in scripted.text
    prompt = " ".join(message["content"] for message in tutoring.response_messages("Why?", "scaffolding"))
    assert STORY.questions[0].question in prompt and STORY.text[:40] not in prompt
