"""The section on stories and quizzes."""

from collections.abc import Sequence

from phied_robot.evaluation.results import Report
from phied_robot.evaluation.tables import Section, Table, percent
from phied_robot.pedagogy.activities import QUIZ_QUESTIONS, STORY_WORDS

HEADER = ("", "age group", "stories", "words", f"{STORY_WORDS[0]} to {STORY_WORDS[1]} words", "fits the age")


def stories_section(reports: Sequence[Report]) -> Section | None:
    """The section, or None where no report has this part."""
    named = [(report.model, report.stories) for report in reports if report.stories]
    if not named:
        return None
    rows = [
        [
            model,
            row.age_group,
            str(row.stories),
            f"{row.words:.0f}",
            percent(row.length_fits),
            percent(row.reading_fits),
            percent(row.finished),
            percent(row.without_repetition),
        ]
        for model, result in named
        for row in result.rows
    ]
    quizzes = [
        [
            model,
            str(result.quizzes.quizzes),
            percent(result.quizzes.form),
            percent(result.quizzes.questions),
            percent(result.quizzes.found),
        ]
        for model, result in named
    ]
    return Section(
        "Stories and quizzes",
        "Stories by turns over the age groups, a quiz about each, and quizzes about as many tales of the test data.",
        [
            Table(
                [*HEADER, "finished", "says nothing twice"],
                rows,
            ),
            Table(
                ["", "quizzes", f"exactly {QUIZ_QUESTIONS} with answers", "are questions", "answer in the story"],
                quizzes,
            ),
        ],
        samples=[Table(["a story", "a quiz"], [[result.story, result.quiz]], model) for model, result in named],
    )
