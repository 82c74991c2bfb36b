"""The section on answers."""

from collections.abc import Sequence

from phied_robot.evaluation.results import Report
from phied_robot.evaluation.tables import Section, Table, percent
from phied_robot.pedagogy.reading import FORMULAS

HEADER = (
    "",
    "prompts",
    "answers",
    "recogniser",
    "carries out its strategy",
    "its group",
    "reveals",
    "tells",
    "language right",
)


def answers_section(reports: Sequence[Report]) -> Section | None:
    """The section, or None where no report has this part."""
    named = [(report.model, report.answers) for report in reports if report.answers]
    if not named:
        return None
    recogniser = named[0][1].recogniser
    says = "Answers to the test data's dialogues and to questions about the package's lessons."
    if recogniser:
        says += (
            f" The recogniser of strategies learned from {recogniser.trained_on} people's answers; on "
            f"{recogniser.accuracy.number} others it is right in {percent(recogniser.accuracy)}, about the group in "
            f"{percent(recogniser.group)}; the commonest label would be right in {percent(recogniser.majority)}. It "
            "judges the model no better than that."
        )
    rows = [
        [
            model,
            row.source,
            str(row.answers),
            percent(row.recogniser),
            percent(row.carries_out),
            percent(row.group),
            percent(row.revealed),
            percent(row.said),
            percent(row.language),
            f"{row.words:.0f} ({row.words_95:.0f})",
        ]
        for model, result in named
        for row in result.rows
    ]
    reading = [
        [
            model,
            row.language,
            row.age_group,
            str(row.answers),
            f"{row.formula:.1f}",
            f"{row.lix:.0f}",
            f"{row.longest_sentence:.0f}",
            percent(row.fits),
        ]
        for model, result in named
        for row in result.reading
    ]
    formulas = ", ".join(f"{language}: {name}" for language, name in FORMULAS.items())
    return Section(
        "Answers",
        says,
        [
            Table(
                [*HEADER, "words, mean (95 %)"],
                rows,
                "Recogniser: how often it is right on people's answers of this source. Reveals: says a note in full "
                "although the strategy keeps it back (less is better). Tells: says one where the strategy tells it "
                "(more is better). Expert teachers use 18 words a turn.",
            ),
            Table(
                ["", "language", "age group", "answers", "formula", "LIX", "longest sentence", "fits the age"],
                reading,
                f"Formula: {formulas}.",
            ),
        ],
        samples=[
            Table(["strategy", "the child", model], [[one.strategy, one.heard, one.answer] for one in result.samples])
            for model, result in named
        ],
    )
