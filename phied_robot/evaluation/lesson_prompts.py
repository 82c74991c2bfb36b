"""Questions about the package's lessons, as examples: the prompts of a class, with the lesson's own answer."""

import random
from collections.abc import Sequence

from phied_robot.pedagogy.lessons import Fact, Lesson
from phied_robot.pedagogy.prompts import FIELDS_OF_STRATEGY, note
from phied_robot.pedagogy.students import age_band
from phied_robot.training.data.dialogue import Utterance, write_dialogue
from phied_robot.training.data.examples import AGE_GROUP, Example

STRATEGIES = ("direct_instruction", "socratic_questioning", "scaffolding", "worked_example", "encouragement")
"""Those that answer a question; the others answer what a child says of it."""
SOURCE = "lessons"
NOTES = 3
"""Facts in a prompt, as in class."""


def lesson_prompts(lessons: Sequence[Lesson], number: int, seed: int) -> list[Example]:
    """Questions about facts, by turns over lessons and strategies; fewer than asked for where there are fewer facts.

    Args:
        lessons: to ask about.
        number: of prompts.
        seed: of the facts and of the notes beside them.
    """
    rng = random.Random(seed)
    pool = [(lesson, fact) for lesson in lessons for fact in lesson.facts]
    rng.shuffle(pool)
    prompts = []
    for turn in range(min(number, len(pool) * len(STRATEGIES))):
        round_number, place = divmod(turn, len(pool))
        lesson, fact = pool[place]
        prompts.append(_prompt(lesson, fact, STRATEGIES[(place + round_number) % len(STRATEGIES)], rng))
    return prompts


def _prompt(lesson: Lesson, fact: Fact, strategy: str, rng: random.Random) -> Example:
    others = [one for one in lesson.facts if one.id != fact.id]
    notes = [fact, *rng.sample(others, min(NOTES - 1, len(others)))]
    asked = Utterance("Student", rng.choice(fact.asked))
    return Example(
        instruction="Answer the child.",
        input=write_dialogue(lesson.title, [note(one, strategy) for one in notes], [asked]),
        output=_said(fact, strategy),
        language=lesson.language,
        strategy=strategy,
        age_group=AGE_GROUP.validate_python(age_band(rng.randint(*lesson.ages))),
        source=SOURCE,
        conversation_id=f"{lesson.name}/{fact.id}",
    )


def _said(fact: Fact, strategy: str) -> str:
    fields = FIELDS_OF_STRATEGY.get(strategy, ("text",))
    return str(getattr(fact, fields[0]))
