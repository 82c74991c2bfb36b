"""Lessons: what a teacher writes down in YAML, read with every mistake named by file and line."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from phied_robot import configuration, located_yaml
from phied_robot.configuration import ConfigurationError, Mistake


def _one_line(text: str) -> str:
    return " ".join(text.split())


Sentence = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)]
FactId = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")]
Age = Annotated[int, Field(ge=3, le=12)]


class LessonError(ValueError):
    """A lesson cannot be read; the text holds one line for each mistake, with file and line."""


def _youngest_first(ages: tuple[int, int]) -> tuple[int, int]:
    if ages[0] > ages[1]:
        raise ValueError(f"the youngest age, {ages[0]}, is above the oldest, {ages[1]}")
    return ages


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Fact(_Entry):
    """One card of a lesson: a sentence to teach, and how a child and a tutor come to it."""

    id: FactId
    text: Sentence
    asked: list[Sentence] = Field(min_length=1, max_length=12)
    ask: Sentence
    hint: Sentence
    example: Sentence
    from_age: Age | None = None


class Misconception(_Entry):
    """What a child may believe wrongly, and what a tutor says to it."""

    says: Sentence
    correction: Sentence
    fact: FactId


class Check(_Entry):
    """A question with a known answer; a right answer holds at least one of `accept`."""

    question: Sentence
    answer: Sentence
    accept: list[Sentence] = Field(min_length=1, max_length=20)
    fact: FactId


class Story(_Entry):
    """A story to tell word for word, and the quiz that follows it; each answer stands in the story."""

    title: Annotated[str, Field(min_length=1, max_length=100)]
    text: Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(_one_line)]
    questions: list[Check] = Field(min_length=1, max_length=10)


class _LessonFile(_Entry):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    language: Literal["en", "fr", "de"]
    ages: Annotated[tuple[Age, Age], AfterValidator(_youngest_first)]
    facts: list[Fact] = Field(min_length=1, max_length=100)
    misconceptions: list[Misconception] = Field(default_factory=list, max_length=100)
    checks: list[Check] = Field(default_factory=list, max_length=100)
    stories: list[Story] = Field(default_factory=list, max_length=20)


class Lesson(_LessonFile):
    """A lesson; `name` is its file's name without the ending."""

    name: str

    def fact(self, fact_id: str) -> Fact:
        """The fact of that id (KeyError when there is none)."""
        for fact in self.facts:
            if fact.id == fact_id:
                return fact
        raise KeyError(fact_id)

    @property
    def questions(self) -> list[Check]:
        """Every question with a known answer: the checks, and the quizzes of the stories."""
        return [*self.checks, *(question for story in self.stories for question in story.questions)]

    def for_age(self, age: int) -> "Lesson":
        """The lesson without the facts that a child of that age is not told yet, and what hangs on them."""
        facts = [fact for fact in self.facts if fact.from_age is None or fact.from_age <= age]
        told = {fact.id for fact in facts}
        return self.model_copy(
            update={
                "facts": facts,
                "misconceptions": [entry for entry in self.misconceptions if entry.fact in told],
                "checks": [check for check in self.checks if check.fact in told],
                "stories": [story for story in self.stories if all(one.fact in told for one in story.questions)],
            }
        )


def lessons_directory() -> Path:
    """The folder of the lessons that come with the package.

    Raises:
        LessonError: there is none.
    """
    try:
        return configuration.config_path("lessons")
    except ConfigurationError as error:
        raise LessonError(str(error)) from error


def list_lessons() -> list[str]:
    """The names of the lessons that come with the package, in alphabetical order."""
    return sorted(path.stem for path in lessons_directory().glob("*.yaml"))


def find_lesson(name_or_path: str) -> Path:
    """The file of a lesson: of the package by its name, or anywhere by its path (ending in .yaml or .yml).

    Raises:
        LessonError: there is no such lesson.
    """
    path = Path(name_or_path).expanduser()
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        if not path.is_file():
            raise LessonError(f"no lesson file {name_or_path!r}; give a path to a YAML file, or a lesson's name")
        return path
    names = list_lessons()
    if name_or_path not in names:
        raise LessonError(f"no lesson {name_or_path!r}; there are: {', '.join(names)}")
    return lessons_directory() / f"{name_or_path}.yaml"


def load_lesson(path: Path | str) -> Lesson:
    """Read a lesson.

    Raises:
        LessonError: the file cannot be read, is no YAML, or breaks the format; all mistakes at once.
    """
    path = Path(path)
    try:
        content = configuration.load(path, _LessonFile, also=_reference_mistakes)
    except ConfigurationError as error:
        raise LessonError(str(error)) from error
    return Lesson(name=path.stem, **{key: getattr(content, key) for key in _LessonFile.model_fields})


def _reference_mistakes(document: dict[str, Any]) -> list[Mistake]:
    """What the schema cannot see: duplicate ids, unknown facts, and checks that refuse their own answer."""
    mistakes: list[Mistake] = []
    ids: set[str] = set()
    for index, fact in _mappings(document, "facts"):
        fact_id = str(fact.get("id", ""))
        if fact_id and fact_id in ids:
            mistakes.append((("facts", index, "id"), f"{fact_id!r} is the id of an earlier fact; each needs its own"))
        ids.add(fact_id)
    for index, entry in _mappings(document, "misconceptions"):
        if (named := entry.get("fact")) is not None and str(named) not in ids:
            mistakes.append((("misconceptions", index, "fact"), f"no fact has the id {str(named)!r}"))
    mistakes += _check_mistakes(document, ("checks",), ids)
    for index, story in _mappings(document, "stories"):
        mistakes += _check_mistakes(story, ("stories", index, "questions"), ids)
        text = _one_line(str(story.get("text", ""))).lower()
        for place, question in _mappings(story, "questions"):
            if text and _one_line(str(question.get("answer", ""))).lower() not in text:
                mistakes.append((("stories", index, "questions", place, "answer"), "the story does not say this"))
    return mistakes


def _check_mistakes(holder: dict[str, Any], where: located_yaml.Path, ids: set[str]) -> list[Mistake]:
    mistakes: list[Mistake] = []
    for index, check in _mappings(holder, str(where[-1])):
        if (named := check.get("fact")) is not None and str(named) not in ids:
            mistakes.append(((*where, index, "fact"), f"no fact has the id {str(named)!r}"))
        answer, accept = str(check.get("answer", "")).lower(), check.get("accept")
        if answer and isinstance(accept, list) and not any(str(word).lower() in answer for word in accept):
            mistakes.append(((*where, index, "accept"), "none of these words is in the answer itself"))
    return mistakes


def _mappings(document: dict[str, Any], part: str) -> list[tuple[int, dict[str, Any]]]:
    entries = document.get(part)
    return [
        (i, entry) for i, entry in enumerate(entries if isinstance(entries, list) else []) if isinstance(entry, dict)
    ]
