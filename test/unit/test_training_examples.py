import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_data import answer, choice, write_lines

from phied_robot.pedagogy.prompts import Exchange
from phied_robot.training.data import examples as examples_module
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.dialogue import Utterance, alternating, parse_dialogue, write_dialogue
from phied_robot.training.data.examples import DataError, Example, json_schema, read_examples, write_examples


def test_an_example_as_the_guide_writes_it_is_read(tmp_path: Path) -> None:
    file = write_lines(
        tmp_path / "seed.jsonl",
        {
            "instruction": "Tell a story about rain for preschoolers",
            "input": "Topic: Rain",
            "output": "Once upon a time a drop fell.",
            "personality": "neutral",
            "language": "en",
        },
    )
    assert read_examples(file)[0].output == "Once upon a time a drop fell."


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = [
        choice("Student: 3", "scaffolding", accepted=("scaffolding", "confirmation"), source="x"),
        answer("Student: Pourquoi ?", "Parce que l’été…", language="fr", age_group="preteens", strategy="confirmation"),
    ]
    write_examples(written, tmp_path / "folder" / "data.jsonl")
    assert read_examples(tmp_path / "folder" / "data.jsonl") == written


def test_broken_lines_are_all_named_with_file_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    good = json.dumps({"instruction": "a", "output": "b"})
    file.write_text(f'{good}\n{{"instruction": "a", "output": oops}}\n\n[]\n{good}\n{{"output": "b"', encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_examples(file)
    lines = str(error.value).splitlines()
    assert lines[0] == f"{file}:2:32: broken JSON: Expecting value"
    assert lines[1].startswith(f"{file}:6:15: broken JSON")
    assert lines[2].startswith(f"{file}:4: a line holds one JSON object")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"task": "strategy", "strategy": "guess", "output": "guess"},
            "unknown strategy 'guess'; the strategies are so",
        ),
        ({"task": "strategy", "output": "scaffolding"}, "needs its label"),
        ({"task": "strategy", "output": "a hint", "strategy": "scaffolding"}, "is its label, 'scaffolding'"),
        ({"output": "b", "task": "poem"}, "task is 'poem', but must be 'dialogue'"),
        ({"output": "b", "mood": "good"}, "unknown key 'mood'; the keys are instruction"),
        ({}, "output is missing"),
        ({"output": "b", "accepted": ["nope"], "strategy": "scaffolding"}, "unknown strategy 'nope'"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, fields: dict[str, object], sentence: str) -> None:
    file = write_lines(tmp_path / "data.jsonl", {"instruction": "a", **fields})
    with pytest.raises(DataError, match=rf"data\.jsonl:1: .*{sentence}"):
        read_examples(file)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_empty_data_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "data.jsonl").write_text(content)
    with pytest.raises(DataError, match="holds no examples"):
        read_examples(tmp_path / "data.jsonl")


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_examples(tmp_path / "missing.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"a": "b"}\n{"a": "\xe9"}\n')
    with pytest.raises(DataError, match=r"latin\.jsonl:2: not UTF-8"):
        read_examples(tmp_path / "latin.jsonl")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        write_examples([], tmp_path / "file" / "data.jsonl")


def test_many_mistakes_do_not_fill_the_screen(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "data.jsonl", *[{"instruction": "a"}] * 50)
    with pytest.raises(DataError) as error:
        read_examples(file)
    assert len(str(error.value).splitlines()) == 21
    assert str(error.value).endswith("and 30 more")


def test_the_schema_beside_the_code_is_that_of_the_code() -> None:
    file = Path(examples_module.__file__).with_name("example.schema.json")
    assert file.read_text(encoding="utf-8") == json_schema(), f"run: phied data schema > {file}"


def test_a_choice_is_asked_as_in_class_and_answered_by_its_code() -> None:
    conversation = "Lesson: Halves\nNote: Half of 8 is 4.\nTutor: What is half of 8?\nStudent: 3"
    prompt, completion = chat_messages(choice(conversation, "corrective_feedback", age_group="preteens"))
    assert completion == "E"
    assert "Answer with the letter" in prompt[0]["content"]
    assert "Age: 11. Lesson: Halves.\nNotes:\n- Half of 8 is 4." in prompt[0]["content"]
    assert [message["role"] for message in prompt] == ["system", "user", "assistant", "user"]
    assert prompt[2]["content"] == "What is half of 8?"
    assert prompt[3]["content"] == "3"


def test_an_answer_with_notes_is_asked_as_in_class() -> None:
    conversation = "Lesson: Halves\nNote: Half of 8 is 4. Hint: Share it.\nStudent: What is half of 8?"
    example = answer(conversation, "Share it!", strategy="scaffolding", personality="extravert")
    prompt, completion = chat_messages(example)
    assert completion == "Share it!"
    assert prompt[0]["content"].endswith("Notes:\n- Half of 8 is 4. Hint: Share it.")
    assert "exclamation marks" in prompt[0]["content"]


def test_an_answer_without_notes_is_not_told_to_keep_to_them() -> None:
    prompt, _ = chat_messages(answer("Student: What is half of 8?", "4", strategy="scaffolding", language="de"))
    assert "notes" not in prompt[0]["content"]
    assert "Give a small hint" in prompt[0]["content"]
    assert "Answer in German." in prompt[0]["content"]


def test_a_choice_without_a_conversation_is_refused() -> None:
    with pytest.raises(DataError, match="ends with a line 'Student"):
        chat_messages(choice("a text", "scaffolding"))


def test_a_conversation_that_the_tutor_begins_still_alternates() -> None:
    dialogue = parse_dialogue("Tutor: Hello.\nTutor: Ready?\nStudent: Yes.\nTutor: Good.\nStudent: Go.")
    assert dialogue is not None
    assert dialogue.history == [Exchange("…", "Hello. Ready?"), Exchange("Yes.", "Good.")]
    assert dialogue.heard == "Go."


WORDS = st.text(min_size=1, max_size=30)


@given(
    lesson=WORDS,
    notes=st.lists(WORDS, max_size=3),
    said=st.lists(st.builds(Utterance, st.sampled_from(["Student", "Tutor"]), WORDS), max_size=6),
    last=WORDS.filter(lambda text: text.strip()),
)
def test_a_conversation_is_parsed_back_whatever_was_said(
    lesson: str, notes: list[str], said: list[Utterance], last: str
) -> None:
    said = [*said, Utterance("Student", last)]
    dialogue = parse_dialogue(write_dialogue(lesson, notes, said))
    assert dialogue is not None
    assert list(dialogue.utterances) == alternating(said)
    assert dialogue.lesson == " ".join(lesson.split())


def test_labels_that_another_teacher_chose_are_accepted_too() -> None:
    example: Example = choice("Student: 3", "scaffolding", accepted=("confirmation",))
    assert example.accepted_labels == {"scaffolding", "confirmation"}
