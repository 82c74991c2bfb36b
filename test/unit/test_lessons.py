"""Lessons: what is accepted, and how each mistake is named."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from phied_robot.pedagogy.activities import QUIZ_QUESTIONS, STORY_WORDS
from phied_robot.pedagogy.lessons import LessonError, find_lesson, lessons_directory, list_lessons, load_lesson
from phied_robot.pedagogy.sentences import SentenceCutter

GOOD = """\
title: Stones
language: en
ages: [5, 12]
facts:
  - id: old
    text: Stones are very old.
    asked: [How old are stones?]
    ask: What do you think is older than a tree?
    hint: Think of a mountain.
    example: A pebble can be older than any animal.
misconceptions:
  - says: Stones grow.
    correction: Stones do not grow, because they are not alive.
    fact: old
checks:
  - question: Are stones young or old?
    answer: they are old
    accept: [old]
    fact: old
stories:
  - title: The stone
    text: Once there was a stone. It was old.
    questions:
      - question: How was it?
        answer: It was old
        accept: [old]
        fact: old
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "stones.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(LessonError) as caught:
        load_lesson(write(folder, text))
    return str(caught.value).splitlines()


def test_a_lesson_is_named_after_its_file(tmp_path: Path) -> None:
    lesson = load_lesson(write(tmp_path, GOOD))
    assert lesson.name == "stones"
    assert lesson.fact("old").text == "Stones are very old."


def test_words_that_yaml_takes_for_numbers_or_truth_values_stay_words(tmp_path: Path) -> None:
    lesson = load_lesson(write(tmp_path, GOOD.replace("accept: [old]", "accept: [yes, 1/2, 4, old]")))
    assert lesson.checks[0].accept == ["yes", "1/2", "4", "old"]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("language: en", "language: xx", "stones.yaml:2: language: must be 'en', 'fr' or 'de', not 'xx'"),
        ("ages: [5, 12]", "ages: [9, 5]", "stones.yaml:3: ages: the youngest age, 9, is above the oldest, 5"),
        ("ages: [5, 12]", "ages: [5, old]", "stones.yaml:3: ages[1]: must be a whole number, not 'old'"),
        ("    hint: Think of a mountain.\n", "", "stones.yaml:5: facts[0].hint: is missing"),
        ("text: Stones are very old.", "text:", "stones.yaml:6: facts[0].text: is empty"),
        ("text: Stones are very old.", "text: [a]", "stones.yaml:6: facts[0].text: must be text"),
        ("[How old are stones?]", "How old?", "stones.yaml:7: facts[0].asked: must be a list, such as [one, two]"),
        ("    hint:", "    hnt:", "stones.yaml:9: facts[0].hnt: unknown key; the keys here are id, text, asked,"),
        ("correction: Stones", "correction: x\n    corection: Stones", "stones.yaml:14: misconceptions[0].corection:"),
        (
            "alive.\n    fact: old",
            "alive.\n    fact: new",
            "stones.yaml:14: misconceptions[0].fact: no fact has the id",
        ),
        ("[old]\n    fact: old", "[old]\n    fact: new", "stones.yaml:19: checks[0].fact: no fact has the id 'new'"),
        ("accept: [old]", "accept: [young]", "stones.yaml:18: checks[0].accept: none of these words is in the answer"),
        ("It was old.", "It lay.", "stones.yaml:25: stories[0].questions[0].answer: the story does not say this"),
        (
            "[old]\n        fact: old",
            "[old]\n        fact: new",
            "stones.yaml:27: stories[0].questions[0].fact: no fact has the id 'new'",
        ),
        ("very old.", "very: old.", "stones.yaml:6: cannot be read as YAML: a colon inside a sentence"),
        ("    ask: What", "    text: Again\n    ask: What", "stones.yaml:8: cannot be read as YAML: the key 'text'"),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    assert right in GOOD
    assert any(line.startswith(message) for line in mistakes(tmp_path, GOOD.replace(right, wrong)))


def test_a_duplicate_id_is_named_at_its_second_use(tmp_path: Path) -> None:
    fact = GOOD[GOOD.index("  - id: old") : GOOD.index("misconceptions:")]
    assert mistakes(tmp_path, GOOD.replace(fact, fact + fact)) == [
        "stones.yaml:11: facts[1].id: 'old' is the id of an earlier fact; each needs its own"
    ]


def test_all_mistakes_come_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    bad = GOOD.replace("language: en", "language: xx").replace("fact: old", "fact: new").replace("  ask:", "  aks:")
    lines = [int(mistake.split(":")[1]) for mistake in mistakes(tmp_path, bad)]
    assert len(lines) == 6
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "stones.yaml:1: it must begin with one of the keys title"),
        (b"- a\n- b\n", "stones.yaml:1: it must begin with one of the keys title"),
        (b"title: caf\xe9\n", "stones.yaml:1: not UTF-8"),
        (b"title: a\n\x00", "stones.yaml:2: cannot be read as YAML: a character that text cannot hold"),
        (b"title: &a [x]\nfacts: *a\n", "stones.yaml:2: cannot be read as YAML: the alias *a"),
        (b"title: !!python/object/apply:os.getcwd []\n", "stones.yaml:1: cannot be read as YAML: the tag"),
        (b"title: a\n---\ntitle: b\n", "stones.yaml:2: cannot be read as YAML: a second document"),
        (b"[" * 100_000, "stones.yaml:1: cannot be read as YAML"),
        (b"x" * 1_000_001, "stones.yaml has 1000001 bytes; at most 1000000 are read"),
    ],
)
def test_a_file_that_is_no_lesson_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "stones.yaml"
    path.write_bytes(content)
    with pytest.raises(LessonError) as caught:
        load_lesson(path)
    assert str(caught.value).startswith(message)


def test_a_lesson_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    assert find_lesson("plants") == lessons_directory() / "plants.yaml"
    path = write(tmp_path, GOOD)
    assert find_lesson(str(path)) == path


@pytest.mark.parametrize("name", ["x", "", "..", "Plants"])
def test_an_unknown_name_lists_the_lessons(name: str) -> None:
    with pytest.raises(LessonError) as caught:
        find_lesson(name)
    assert str(caught.value) == f"no lesson {name!r}; there are: fractions, plants, water_cycle"


@pytest.mark.parametrize("path", ["missing.yaml", "/dev/zero", "../.."])
def test_a_path_that_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(LessonError, match="no lesson file"):
        find_lesson(path)


@pytest.mark.parametrize("site", ["lib/python3.11/site-packages", "local/lib/python3.12/dist-packages"])
def test_an_installed_package_finds_its_lessons(tmp_path: Path, site: str) -> None:
    """As pip and colcon lay the package out: code under lib, configuration under share."""
    code = tmp_path / site / "phied_robot"
    shared = tmp_path / "share" / "phied_robot" / "config" / "lessons"
    source = Path(__file__).resolve().parents[2] / "phied_robot"
    (code / "pedagogy").mkdir(parents=True)
    for file in ("__init__.py", "pedagogy/__init__.py", "pedagogy/lessons.py", "configuration.py", "located_yaml.py"):
        shutil.copy(source / file, code / file)
    shutil.copytree(lessons_directory(), shared)
    program = "from phied_robot.pedagogy.lessons import lessons_directory as d; print(d())"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=code.parent, capture_output=True, text=True, check=True, timeout=60
    )
    assert Path(found.stdout.strip()) == shared.resolve()


@pytest.mark.parametrize("name", ["fractions", "plants", "water_cycle"])
def test_a_bundled_lesson_keeps_the_format_for_authors(name: str) -> None:
    lesson = load_lesson(find_lesson(name))
    assert 18 <= len(lesson.facts) <= 24
    assert 3 <= len(lesson.misconceptions) <= 8
    assert 4 <= len(lesson.checks) <= 10
    for fact in lesson.facts:
        assert 5 <= len(fact.text.split()) <= 16, fact.text
        assert len(fact.asked) >= 2
        assert fact.ask.endswith("?")
        for sentence in (fact.text, fact.hint, fact.example):
            assert sentence.endswith(".") and len(sentence.split()) <= 20, sentence
        assert not any(letter.isdigit() for letter in fact.text + fact.example + fact.hint), fact.id


@pytest.mark.parametrize("name", ["fractions", "plants", "water_cycle"])
def test_a_bundled_story_has_the_length_of_one_in_class_and_three_questions_that_it_answers(name: str) -> None:
    lesson = load_lesson(find_lesson(name)).for_age(5)
    assert lesson.stories
    for story in lesson.stories:
        assert STORY_WORDS[0] <= len(story.text.split()) <= STORY_WORDS[1]
        assert len(story.questions) == QUIZ_QUESTIONS
        cutter = SentenceCutter()
        sentences = cutter.feed(story.text) + cutter.finish()
        assert " ".join(sentences) == story.text
        assert all(len(sentence.split()) <= 20 for sentence in sentences)


def test_there_are_three_lessons() -> None:
    assert list_lessons() == ["fractions", "plants", "water_cycle"]
