"""What an evaluation found, as data: the report's JSON."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from phied_robot.training.data.files import DataError, read_text, write_text


class Share(BaseModel):
    """A share of some cases, 0 to 1, with its 95 % confidence interval (Wilson)."""

    value: float
    low: float
    high: float
    number: int


class Bin(BaseModel):
    """Choices of similar confidence: their mean confidence, how often a teacher chose the same, and how many."""

    confidence: float
    agreement: float
    number: int


class StrategyScores(BaseModel):
    """How one predictor chooses.

    accepted: contexts whose most likely label some teacher chose.
    group: contexts whose most likely label is in a group (elicit, tell, manage) that some teacher chose.
    agreement: teachers' choices that are the most likely label.
    log_loss: mean negative log probability of the teachers' choices, nats; a uniform choice of eight has 2.08.
    calibration_error: expected calibration error of the most likely label, 0 to 1.
    confusion: by the teachers' choice, how often each label was most likely.
    """

    accepted: Share
    group: Share
    agreement: Share
    log_loss: float
    calibration_error: float
    bins: list[Bin]
    confusion: dict[str, dict[str, int]]


class StrategyResult(BaseModel):
    """Choices of strategy on contexts that training did not see.

    teachers: pairs of teachers of one context who chose the same; None where no context has two.
    predictors: the model and the baselines, by name.
    """

    contexts: int
    choices: int
    teachers: Share | None
    predictors: dict[str, StrategyScores]


class Recogniser(BaseModel):
    """The classifier that tells an answer's strategy: its accuracy on people's answers it never saw."""

    trained_on: int
    accuracy: Share
    group: Share
    majority: Share


class AnswerRow(BaseModel):
    """Answers of one source.

    recogniser: how often the recogniser is right on people's answers of this source that it never saw.
    carries_out: recognised as the strategy that was asked for; group: as one of its group.
    revealed: answers that say a note in full although their strategy keeps it back; None where none keeps back.
    said: answers that say a note in full where the strategy tells it.
    words, words_95: mean, and what 95 of 100 answers stay within.
    """

    source: str
    answers: int
    recogniser: Share | None
    carries_out: Share | None
    group: Share | None
    revealed: Share | None
    said: Share | None
    language: Share
    words: float
    words_95: float


class ReadingRow(BaseModel):
    """Reading level of the answers in one language for one age group; `formula` by the language's own formula."""

    language: str
    age_group: str
    answers: int
    formula: float
    lix: float
    longest_sentence: float
    fits: Share


class Sample(BaseModel):
    """An answer to look at."""

    strategy: str
    personality: str
    heard: str
    answer: str


class AnswerResult(BaseModel):
    """Answers of the model; no recogniser where the data gives none to learn from."""

    recogniser: Recogniser | None
    rows: list[AnswerRow]
    reading: list[ReadingRow]
    samples: list[Sample]


class Effect(BaseModel):
    """A difference between the extravert and the introvert answers.

    means: of the introvert, neutral and extravert answers.
    d: Cohen's d with the answers' length as a covariate, and its 95 % confidence interval; None where answers of one
        personality do not vary: then there is no difference at all, or a complete one.
    expected: the sign that the personality should have; 0: none is expected.
    gate: least size of d that counts as shown; 0: not gated.
    """

    cue: str
    unit: str
    means: tuple[float, float, float]
    d: float | None
    low: float
    high: float
    expected: int
    gate: float

    @property
    def complete(self) -> int:
        """+1 or -1 where the personalities differ and nothing else does, else 0."""
        difference = self.means[2] - self.means[0]
        return 0 if self.d is not None or not difference else 1 if difference > 0 else -1

    @property
    def passes(self) -> bool | None:
        """Whether it is as large as it should be; None where nothing is asked."""
        if not self.gate:
            return None
        return self.complete == self.expected if self.d is None else self.d * self.expected >= self.gate


class PersonalityResult(BaseModel):
    """The same prompts at -1, 0 and +1, in one language; trait words were taken out of `with_trait_words` answers."""

    language: str
    prompts: int
    with_trait_words: int
    effects: list[Effect]
    samples: list[Sample]


class StoryRow(BaseModel):
    """Stories and quizzes for one age group."""

    age_group: str
    stories: int
    words: float
    length_fits: Share
    reading_fits: Share
    finished: Share
    without_repetition: Share


class QuizResult(BaseModel):
    """Quizzes about stories.

    form: quizzes of exactly three questions with answers.
    questions: their questions that end with a question mark.
    found: their answers that stand in the story.
    """

    quizzes: int
    form: Share
    questions: Share | None
    found: Share | None


class StoryResult(BaseModel):
    """Stories by age group, and quizzes about them and about tales of the data."""

    rows: list[StoryRow]
    quizzes: QuizResult
    story: str
    quiz: str


class SpeedResult(BaseModel):
    """How fast the model is, and what it needs.

    engine: how it was computed.
    weights: MiB of the model with its adapters.
    memory: MiB of the whole process when done, or on a GPU the most that was allocated.
    first_token, choice: median milliseconds; ..._95: what 95 of 100 stay within.
    """

    engine: str
    load_seconds: float
    weights: float
    memory: float
    first_token: float
    first_token_95: float
    tokens_per_second: float
    choice: float
    choice_95: float


class Report(BaseModel):
    """Everything found about one model; a part that was not asked for, or has no data, is None."""

    format: Annotated[int, Field(ge=1, le=1)] = 1
    model: str
    adapters: list[str]
    created: str
    examples: int
    seed: int
    versions: dict[str, str]
    notes: list[str] = Field(default_factory=list)
    strategy: StrategyResult | None = None
    answers: AnswerResult | None = None
    personality: list[PersonalityResult] | None = None
    stories: StoryResult | None = None
    speed: SpeedResult | None = None


def read_report(path: Path) -> Report:
    """A report that was written before.

    Raises:
        DataError: it cannot be read, or is of another form.
    """
    try:
        return Report.model_validate_json(read_text(path))
    except ValidationError as error:
        raise DataError(f"{path} is no report of 'phied evaluate': {error.errors()[0]['msg']}") from error


def write_report(report: Report, path: Path) -> None:
    """Write a report as JSON.

    Raises:
        DataError: it cannot be written.
    """
    write_text(path, report.model_dump_json(indent=1) + "\n")
