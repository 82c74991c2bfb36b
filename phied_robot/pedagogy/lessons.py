"""Lessons: what a teacher writes down in YAML, read with every mistake named by file and line."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from phied_robot.pedagogy import located_yaml

MAX_LESSON_BYTES = 1_000_000
INSTALLED_LESSONS = Path("share/phied_robot/config/lessons")

Sentence = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(lambda text: " ".join(text.split()))]
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


class _LessonFile(_Entry):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    language: Literal["en", "fr", "de"]
    ages: Annotated[tuple[Age, Age], AfterValidator(_youngest_first)]
    facts: list[Fact] = Field(min_length=1, max_length=100)
    misconceptions: list[Misconception] = Field(default_factory=list, max_length=100)
    checks: list[Check] = Field(default_factory=list, max_length=100)


class Lesson(_LessonFile):
    """A lesson; `name` is its file's name without the ending."""

    name: str

    def fact(self, fact_id: str) -> Fact:
        """The fact of that id (KeyError when there is none)."""
        for fact in self.facts:
            if fact.id == fact_id:
                return fact
        raise KeyError(fact_id)

    def facts_for(self, age: int) -> list[Fact]:
        """The facts that a child of that age is told."""
        return [fact for fact in self.facts if fact.from_age is None or fact.from_age <= age]


def lessons_directory() -> Path:
    """The folder of the lessons that come with the package: in a checkout, or installed by pip or colcon.

    Raises:
        LessonError: there is none.
    """
    package = Path(__file__).resolve().parents[1]
    candidates = [package.parent / "config" / "lessons"]
    candidates += [folder / INSTALLED_LESSONS for folder in package.parents]
    candidates += [Path(sys.prefix) / INSTALLED_LESSONS]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise LessonError(f"the lessons of the package are missing beside {package}; install the package again")


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
        document = located_yaml.parse(_read(path))
    except located_yaml.YamlMistake as mistake:
        raise LessonError(f"{path.name}:{mistake.line}: cannot be read as YAML: {mistake}") from mistake
    if not isinstance(document.value, dict):
        raise LessonError(f"{path.name}:1: a lesson begins with a title, such as 'title: Plants and sunlight'")

    mistakes = _reference_mistakes(document.value)
    try:
        content = _LessonFile.model_validate(document.value)
    except ValidationError as error:
        mistakes += [(mistake["loc"], _sentence(dict(mistake))) for mistake in error.errors(include_url=False)]
    if mistakes:
        lines = sorted((document.line(place), f"{_written(place)}: {message}") for place, message in mistakes)
        raise LessonError("\n".join(f"{path.name}:{line}: {message}" for line, message in lines))
    return Lesson(name=path.stem, **{key: getattr(content, key) for key in _LessonFile.model_fields})


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise LessonError(f"no lesson file '{path}'")
        size = path.stat().st_size
        if size > MAX_LESSON_BYTES:
            raise LessonError(f"{path.name} has {size} bytes; a lesson has at most {MAX_LESSON_BYTES}")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LessonError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise LessonError(f"{path.name}:{line}: not UTF-8; save the file with the encoding UTF-8") from error


def _reference_mistakes(document: dict[str, Any]) -> list[tuple[located_yaml.Path, str]]:
    """What the schema cannot see: duplicate ids, unknown facts, and checks that refuse their own answer."""
    mistakes: list[tuple[located_yaml.Path, str]] = []
    ids: set[str] = set()
    for index, fact in _mappings(document, "facts"):
        fact_id = str(fact.get("id", ""))
        if fact_id and fact_id in ids:
            mistakes.append((("facts", index, "id"), f"{fact_id!r} is the id of an earlier fact; each needs its own"))
        ids.add(fact_id)
    for part in ("misconceptions", "checks"):
        for index, entry in _mappings(document, part):
            if (named := entry.get("fact")) is not None and str(named) not in ids:
                mistakes.append(((part, index, "fact"), f"no fact has the id {str(named)!r}"))
    for index, check in _mappings(document, "checks"):
        answer, accept = str(check.get("answer", "")).lower(), check.get("accept")
        if answer and isinstance(accept, list) and not any(str(word).lower() in answer for word in accept):
            mistakes.append((("checks", index, "accept"), "none of these words is in the answer itself"))
    return mistakes


def _mappings(document: dict[str, Any], part: str) -> list[tuple[int, dict[str, Any]]]:
    entries = document.get(part)
    return [
        (i, entry) for i, entry in enumerate(entries if isinstance(entries, list) else []) if isinstance(entry, dict)
    ]


def _written(place: located_yaml.Path) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).lstrip(".")


def _sentence(mistake: dict[str, Any]) -> str:
    context = mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"unknown key; {_keys_beside(mistake['loc'])}"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return f"has {len(mistake['input'])} characters, at most {context['max_length']} are allowed"
        case "string_type":
            return "must be text"
        case "string_pattern_mismatch":
            return f"{mistake['input']!r} may hold only small letters, digits, _ and -"
        case "list_type" | "tuple_type":
            return "must be a list, such as [one, two]"
        case "model_type":
            return "must be an entry with keys"
        case "literal_error":
            return f"must be {context['expected']}, not {mistake['input']!r}"
        case "int_parsing":
            return f"must be a whole number, not {mistake['input']!r}"
        case "too_short":
            return f"needs at least {context['min_length']}"
        case "too_long":
            return f"has more than {context['max_length']}"
        case "value_error":
            return str(context["error"])
        case _:
            return str(mistake["msg"])


def _keys_beside(place: located_yaml.Path) -> str:
    parts: dict[str | int, type[BaseModel]] = {"facts": Fact, "misconceptions": Misconception, "checks": Check}
    owner = parts.get(place[0], _LessonFile) if len(place) > 1 else _LessonFile
    return f"the keys here are {', '.join(owner.model_fields)}"
