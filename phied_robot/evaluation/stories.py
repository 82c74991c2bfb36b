"""Stories and quizzes: their form, whether answers stand in the story, and whether they fit the age."""

import re
from collections.abc import Iterator, Sequence
from statistics import mean

from phied_robot.evaluation.figures import share, sure_share
from phied_robot.evaluation.results import QuizResult, StoryResult, StoryRow
from phied_robot.evaluation.subject import Track, Tutor
from phied_robot.pedagogy.activities import (
    QUIZ_INSTRUCTION,
    QUIZ_QUESTIONS,
    STORY_WORDS,
    QuizQuestion,
    parse_quiz,
    story_instruction,
)
from phied_robot.pedagogy.reading import reading_level
from phied_robot.pedagogy.students import AGE_GROUPS
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.examples import AGE_GROUP, Example
from phied_robot.training.data.similarity import normalized

TOPICS = ("a rainbow", "a lost kite", "a robot who learns to swim", "the first snow", "a seed", "the moon and the sea")
STORY_TOKENS, QUIZ_TOKENS = 450, 160


def measure_stories(tutor: Tutor, number: int, tales: Sequence[str], track: Track) -> StoryResult:
    """Stories about our topics by turns over the age groups, a quiz about each, and quizzes about given tales.

    Args:
        tutor: the model.
        number: of stories, at least one.
        tales: texts of people, so that quizzes are measured even where the model's stories fail.
        track: shows progress.
    """
    plan = [_asked(turn) for turn in range(number)]
    told = [(ask, _answer(tutor, ask, STORY_TOKENS)) for ask in track(plan, "telling stories")]
    texts = [*(text for _ask, text in told), *tales]
    quizzes = [(text, _answer(tutor, quiz_about(text), QUIZ_TOKENS)) for text in track(texts, "asking about stories")]
    return StoryResult(rows=list(_rows(told)), quizzes=measure_quizzes(quizzes), story=told[0][1], quiz=quizzes[-1][1])


def quiz_about(story: str) -> Example:
    """What asks for a quiz."""
    return Example(instruction=QUIZ_INSTRUCTION, input=story, output="", task="questions")


def measure_quizzes(quizzes: Sequence[tuple[str, str]]) -> QuizResult:
    """Score quizzes, each with the story that it is about."""
    parsed = [(normalized(story), parse_quiz(quiz)) for story, quiz in quizzes]
    pairs: list[tuple[str, QuizQuestion]] = [(story, one) for story, quiz in parsed for one in quiz]
    return QuizResult(
        quizzes=len(quizzes),
        form=sure_share(len(quiz) == QUIZ_QUESTIONS for _story, quiz in parsed),
        questions=share(one.question.endswith("?") for _story, one in pairs),
        found=share(f" {normalized(one.answer)} " in f" {story} " for story, one in pairs),
    )


def repeats_itself(story: str) -> bool:
    """Whether a sentence of some length comes twice: what small models do when they lose the thread."""
    sentences = [normalized(sentence) for sentence in re.split(r"[.!?…]+", story)]
    long = [sentence for sentence in sentences if len(sentence.split()) > 3]
    return len(set(long)) < len(long)


def _asked(turn: int) -> Example:
    groups = list(AGE_GROUPS.values())
    group = groups[turn % len(groups)]
    instruction = story_instruction(TOPICS[turn % len(TOPICS)], group)
    return Example(instruction=instruction, output="", task="story", age_group=AGE_GROUP.validate_python(group))


def _answer(tutor: Tutor, example: Example, most_tokens: int) -> str:
    return tutor.answer(chat_messages(example)[0], most_tokens).text.strip()


def _rows(told: Sequence[tuple[Example, str]]) -> Iterator[StoryRow]:
    for group in AGE_GROUPS.values():
        stories = [text for ask, text in told if ask.age_group == group]
        if not stories:
            continue
        lengths = [len(story.split()) for story in stories]
        yield StoryRow(
            age_group=group,
            stories=len(stories),
            words=mean(lengths),
            length_fits=sure_share(STORY_WORDS[0] <= length <= STORY_WORDS[1] for length in lengths),
            reading_fits=sure_share(not reading_level(story, "en").too_hard_for(group) for story in stories),
            finished=sure_share(story.endswith((".", "!", "?", "”", '"')) for story in stories),
            without_repetition=sure_share(not repeats_itself(story) for story in stories),
        )
