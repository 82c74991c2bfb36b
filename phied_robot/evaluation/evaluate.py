"""One model through all measures."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypeVar, get_args

from phied_robot.evaluation.answers import answer_all, measure_answers
from phied_robot.evaluation.lesson_prompts import lesson_prompts
from phied_robot.evaluation.results import Report
from phied_robot.evaluation.speed import measure_speed
from phied_robot.evaluation.stories import measure_stories
from phied_robot.evaluation.strategy import contexts_of, measure_strategy
from phied_robot.evaluation.subject import Loading, Track
from phied_robot.evaluation.traits import measure_personality
from phied_robot.language_model.sources import ModelError
from phied_robot.pedagogy.lessons import Lesson, find_lesson, list_lessons, load_lesson
from phied_robot.training.data.examples import Example, read_examples
from phied_robot.training.data.files import DataError
from phied_robot.training.data.splits import find_leaks
from phied_robot.training.demo.corpus import read_corpus

Item = TypeVar("Item")
Part = Literal["strategy", "answers", "personality", "stories", "speed"]
PARTS: tuple[Part, ...] = get_args(Part)

CHOICES = 5
"""Contexts for each prompt of the other measures: a choice is one forward pass, an answer is many."""
PROMPTS_A_STORY = 12
"""Prompts of the other measures for each story, which is as long as a dozen answers."""
SPEED_PROMPTS = 12
ALL = 10_000
"""More prompts than the lessons have."""
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "scikit-learn", "textstat")


@dataclass(frozen=True)
class Data:
    """What a model is measured with: examples it may have learned from, examples it may not, and lessons.

    leaks: test examples that are in the training data, too.
    """

    training: Sequence[Example]
    test: Sequence[Example]
    lessons: Sequence[Lesson]
    leaks: int


def read_data(folder: Path) -> Data:
    """The train and test parts of a folder that `phied data split` wrote, and the package's lessons.

    Raises:
        DataError: one of them is missing or breaks the format.
    """
    training, test = (read_examples(folder / f"{name}.jsonl") for name in ("train", "test"))
    lessons = [load_lesson(find_lesson(name)) for name in list_lessons()]
    return Data(training, test, lessons, leaks=len(find_leaks(test, training)))


def evaluate(
    name: str,
    loading: Loading,
    data: Data,
    *,
    parts: Sequence[Part],
    examples: int,
    seed: int,
    track: Track,
    after_part: Callable[[Report], None],
) -> Report:
    """Measure a loaded model; a part that the model or the data cannot give is left out, and noted.

    Args:
        name: of the model, for the report.
        loading: the model.
        data: what it is measured with.
        parts: the measures wanted.
        examples: prompts of each measure.
        seed: of their choice; the same seed gives the same prompts to every model.
        track: shows progress.
        after_part: given the report as it stands, so that an interruption loses one part at most.
    """
    report = Report(
        model=name,
        adapters=list(loading.adapters),
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        examples=examples,
        seed=seed,
        versions={library: version(library) for library in LIBRARIES},
    )
    if data.leaks:
        report.notes.append(
            f"{data.leaks} of {len(data.test)} test examples are in train.jsonl, too: take 'data split'"
        )
    measures = {
        "strategy": _strategy,
        "answers": _answers,
        "personality": _personality,
        "stories": _stories,
        "speed": _speed,
    }
    for part in parts:
        try:
            measures[part](report, loading, data, track)
        except (DataError, ModelError) as reason:
            report.notes.append(f"{part} was left out: {reason}")
        after_part(report)
    return report


def _strategy(report: Report, loading: Loading, data: Data, track: Track) -> None:
    contexts = contexts_of(data.test)
    if not contexts:
        raise DataError("the test data has no strategy examples")
    drawn = _drawn(contexts, CHOICES * report.examples, report.seed)
    report.strategy = measure_strategy(loading.tutor, drawn, data.training, track)


def _answers(report: Report, loading: Loading, data: Data, track: Track) -> None:
    dialogues = [example for example in data.test if example.task == "dialogue" and example.strategy]
    asked = _drawn(dialogues, report.examples, report.seed) + _lesson_prompts(report, data)
    answered = answer_all(loading.tutor, asked, track, "answering")
    known = [*data.training, *_tellable(lesson_prompts(read_corpus()[0].lessons, ALL, report.seed))]
    held_out = [*dialogues, *_tellable(lesson_prompts(data.lessons, ALL, report.seed))]
    report.answers = measure_answers(answered, known, held_out)


def _personality(report: Report, loading: Loading, data: Data, track: Track) -> None:
    report.personality = measure_personality(loading.tutor, _lesson_prompts(report, data), track)


def _stories(report: Report, loading: Loading, data: Data, track: Track) -> None:
    number = max(1, report.examples // PROMPTS_A_STORY)
    tales = [example.input for example in data.test if example.task == "questions"]
    report.stories = measure_stories(loading.tutor, number, _drawn(tales, number, report.seed), track)


def _speed(report: Report, loading: Loading, data: Data, track: Track) -> None:
    report.speed = measure_speed(loading, _lesson_prompts(report, data)[:SPEED_PROMPTS], track)


def _lesson_prompts(report: Report, data: Data) -> list[Example]:
    return lesson_prompts(data.lessons, report.examples, report.seed)


def _tellable(prompts: list[Example]) -> list[Example]:
    """Those whose bare answer shows its strategy: without a frame, encouragement is the question of a Socratic turn."""
    return [example for example in prompts if example.strategy != "encouragement"]


def _drawn(items: Sequence[Item], number: int, seed: int) -> list[Item]:
    return random.Random(seed).sample(list(items), min(number, len(items)))
