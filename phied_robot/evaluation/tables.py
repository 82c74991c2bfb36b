"""A report as tables, with a column or a row for each model: what Markdown and HTML both show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from phied_robot.evaluation.results import Effect, Report, Share
from phied_robot.evaluation.strategy import MODEL
from phied_robot.pedagogy.activities import QUIZ_QUESTIONS, STORY_WORDS
from phied_robot.pedagogy.reading import FORMULAS

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """A header and rows of text; `note` says how to read it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report. charts: names of its pictures, each with a sentence that says what it shows."""

    title: str
    says: str
    tables: Sequence[Table] = ()
    charts: dict[str, str] = field(default_factory=dict)
    samples: Sequence[Table] = ()


def sections(reports: Sequence[Report]) -> list[Section]:
    """All parts that some report has, in the report's order."""
    parts = (_strategy, _answers, _personality, _stories, _speed)
    return [section for part in parts if (section := part(reports)) is not None]


def percent(share: Share | None) -> str:
    """A share with its confidence interval."""
    if share is None:
        return NOTHING
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def _strategy(reports: Sequence[Report]) -> Section | None:
    named = [(report.model, report.strategy) for report in reports if report.strategy]
    if not named:
        return None
    rows = []
    for number, (model, result) in enumerate(named):
        for predictor, scores in result.predictors.items():
            if predictor == MODEL or number == 0:  # the baselines are the same in every report
                rows.append(
                    [
                        model if predictor == MODEL else predictor,
                        percent(scores.accepted),
                        percent(scores.group),
                        percent(scores.agreement),
                        f"{scores.log_loss:.2f}",
                        f"{scores.calibration_error:.3f}",
                    ]
                )
    first = named[0][1]
    teachers = f" Two teachers of one context agree in {percent(first.teachers)} of pairs." if first.teachers else ""
    return Section(
        "Choice of strategy",
        f"{first.contexts} contexts with {first.choices} choices of teachers, none of them seen in training.{teachers}",
        [
            Table(
                ["", "accepted by a teacher", "right group", "agrees with each teacher", "log loss", "ECE"],
                rows,
                "Shares with 95 % confidence intervals. Groups: elicit, tell, manage. Log loss: a blind choice of eight "
                "has 2.08. ECE: expected calibration error, 0 is perfect.",
            )
        ],
        {
            "strategy": "Share of choices that some teacher made, with 95 % confidence intervals.",
            "reliability": "Calibration: on the diagonal, a choice made with 60 % confidence is a teacher's in 60 %.",
            "confusion": "What the model chooses (columns) where a teacher chose (rows), in percent of the row.",
        },
    )


def _answers(reports: Sequence[Report]) -> Section | None:
    named = [(report.model, report.answers) for report in reports if report.answers]
    if not named:
        return None
    recogniser = named[0][1].recogniser
    says = "Answers to the test data's dialogues and to questions about the package's lessons."
    if recogniser:
        says += (
            f" The recogniser of strategies learned from {recogniser.trained_on} teachers' answers; on "
            f"{recogniser.accuracy.number} others it is right in {percent(recogniser.accuracy)}, about the group in "
            f"{percent(recogniser.group)}, where the commonest label would be right in {percent(recogniser.majority)}: "
            "no answer can be judged better than that."
        )
    rows = [
        [
            model,
            row.source,
            str(row.answers),
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
                [
                    "",
                    "prompts",
                    "answers",
                    "carries out its strategy",
                    "its group",
                    "reveals",
                    "tells",
                    "language right",
                ]
                + ["words, mean (95 %)"],
                rows,
                "Reveals: says a note in full although the strategy keeps it back (less is better). Tells: says one "
                "where the strategy tells it (more is better). Expert teachers use 18 words a turn.",
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


def _personality(reports: Sequence[Report]) -> Section | None:
    named = [(report.model, result) for report in reports for result in report.personality or ()]
    if not named:
        return None
    rows = [
        [
            model,
            result.language,
            f"{effect.cue} ({effect.unit})",
            *(f"{value:.2f}" for value in effect.means),
            _d(effect),
            _verdict(effect),
        ]
        for model, result in named
        for effect in result.effects
    ]
    counted = "; ".join(
        f"{model}, {result.language}: {result.prompts} prompts, {result.with_trait_words} of {3 * result.prompts} "
        "answers named a trait"
        for model, result in named
    )
    return Section(
        "Personality",
        "The same prompts answered as introvert (-1), neutral (0) and extravert (+1). Words that name a trait were "
        f"taken out before counting. {counted}.",
        [
            Table(
                ["", "language", "cue", "-1", "0", "+1", "Cohen's d, +1 against -1", "as it should be"],
                rows,
                "d with the answers' length as a covariate, and its 95 % confidence interval. To be shown: at least "
                ".5 on we, positive and social words.",
            )
        ],
        {"personality": "Cohen's d of extravert against introvert answers, with 95 % confidence intervals."},
        [
            Table(
                ["personality", "strategy", "the child", model],
                [[one.personality, one.strategy, one.heard, one.answer] for one in result.samples],
            )
            for model, result in named
        ],
    )


def _d(effect: Effect) -> str:
    if effect.d is None:
        return "no variation"
    return f"{effect.d:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"


def _verdict(effect: Effect) -> str:
    if effect.passes is None:
        return {1: "(more)", -1: "(less)", 0: ""}[effect.expected]
    return "yes" if effect.passes else "no"


def _stories(reports: Sequence[Report]) -> Section | None:
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
                ["", "age group", "stories", "words", f"{STORY_WORDS[0]} to {STORY_WORDS[1]} words", "fits the age"]
                + ["finished", "says nothing twice"],
                rows,
            ),
            Table(
                ["", "quizzes", f"exactly {QUIZ_QUESTIONS} with answers", "are questions", "answer in the story"],
                quizzes,
            ),
        ],
        samples=[Table(["a story", "a quiz"], [[result.story, result.quiz]], model) for model, result in named],
    )


def _speed(reports: Sequence[Report]) -> Section | None:
    named = [(report.model, report.speed) for report in reports if report.speed]
    if not named:
        return None
    rows = [
        [
            model,
            speed.device,
            f"{speed.load_seconds:.1f} s",
            f"{speed.memory:.0f} MiB",
            f"{speed.choice:.0f} ms ({speed.choice_95:.0f})",
            f"{speed.first_token:.0f} ms ({speed.first_token_95:.0f})",
            f"{speed.tokens_per_second:.0f}",
        ]
        for model, speed in named
    ]
    header = ["", "device", "loading", "memory", "choice, median (95 %)", "first token, median (95 %)", "tokens/s"]
    note = "One prompt after the other. Memory: the process's own beyond the libraries', or the most on the GPU."
    return Section("Speed and memory", "", [Table(header, rows, note)])
