import json
from pathlib import Path

import pytest
from tiny_phi3 import tutor_folder
from training_data import answer, choice, write_lines

from phied_robot.cli.main import main
from phied_robot.training.data.examples import read_examples, write_examples


def phied(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ending:
        main(["data", *map(str, arguments)])
    return int(ending.value.code or 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    examples = []
    for number in range(20):
        said = f"Lesson: Sums\nStudent: The sum is {number}."
        examples.append(choice(said, ("confirmation", "scaffolding")[number % 2], str(number), source="ours"))
        examples.append(answer(said, f"Let us count {number} again.", conversation_id=str(number), source="ours"))
    write_examples(examples, tmp_path / "data.jsonl")
    return tmp_path / "data.jsonl"


def test_from_a_table_to_a_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"Answer.,Student: I have {number} hens.,How many is one more than {number}?" for number in range(30)]
    (tmp_path / "mine.csv").write_text("\n".join(["instruction,input,output", *rows]))
    assert phied("import", "csv", tmp_path / "mine.csv", "--output", tmp_path / "mine.jsonl") == 0
    assert phied("check", tmp_path / "mine.jsonl") == 0
    assert phied("split", tmp_path / "mine.jsonl", "--output", tmp_path / "split", "--shares", 60, 20, 20) == 0
    sizes = [len(read_examples(tmp_path / "split" / f"{name}.jsonl")) for name in ("train", "validation", "test")]
    assert sizes == [18, 6, 6]
    assert "18 examples" in capsys.readouterr().out


def test_check_ends_with_one_where_there_are_errors_and_names_the_line(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with data.open("a") as file:
        file.write("\n" + json.dumps({"instruction": "Answer.", "output": " "}) + "\n")
    assert phied("check", data) == 1
    out = capsys.readouterr().out
    assert "empty output" in out
    assert f"{data}:42: there is nothing to learn" in out
    assert "41 examples, 1 errors" in out


def test_check_counts_with_a_models_tokenizer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fits = answer("Student: Look at " + "🌱" * 3000, "Well.")  # a token each for this tokenizer, where bytes are four
    write_examples([fits], tmp_path / "data.jsonl")
    assert phied("check", tmp_path / "data.jsonl") == 0
    assert phied("check", tmp_path / "data.jsonl", "--model", tutor_folder()) == 1
    assert "no supervised token" in capsys.readouterr().out


def test_data_that_would_leak_is_left_out_of_a_split(data: Path, tmp_path: Path) -> None:
    held_out = read_examples(data)[:10]
    write_examples(held_out, tmp_path / "held_out.jsonl")
    assert phied("check", data, "--against", tmp_path / "held_out.jsonl") == 1
    assert phied("split", data, "--output", tmp_path / "split", "--against", tmp_path / "held_out.jsonl") == 0
    parts = [one for name in ("train", "validation", "test") for one in read_examples(tmp_path / f"split/{name}.jsonl")]
    assert len(parts) == 30
    assert phied("check", *(tmp_path / "split").glob("*.jsonl"), "--against", tmp_path / "held_out.jsonl") == 0


def test_stats_counts(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert phied("stats", data) == 0
    out = capsys.readouterr().out
    assert "40 examples of 20 conversations" in out
    assert "scaffolding" in out


@pytest.mark.parametrize("with_model", [False, True])
def test_preview_marks_what_is_learned(data: Path, with_model: bool, capsys: pytest.CaptureFixture[str]) -> None:
    model = ("--model", tutor_folder()) if with_model else ()
    assert phied("preview", data, "--number", 40, *model) == 0
    out = capsys.readouterr().out
    end = "<|end|>\n" if with_model else ""
    assert out.count(f"»B{end}«") == out.count(f"»F{end}«") == 10
    assert f"»Let us count 7 again.{end}«" in out
    assert ("<|assistant|>" in out) is with_model


def test_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert phied("schema") == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["required"] == ["instruction", "output"]
    assert "scaffolding" in json.dumps(schema["properties"]["strategy"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("check", "{folder}/missing.jsonl"), "missing.jsonl cannot be read: No such file"),
        (("stats", "{folder}/broken.jsonl"), "broken.jsonl:1:2: broken JSON"),
        (("import", "bridge", "{folder}/missing", "--output", "x"), "is neither a file nor a folder"),
        (("import", "jsonl", "{folder}/unknown.jsonl", "--output", "x"), "unknown strategy 'guess'"),
        (("split", "{data}", "--output", "x", "--shares", "50", "20", "20"), "sum to 100"),
        (("preview", "{data}", "--model", "{folder}"), "holds no model"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    arguments: tuple[str, ...], sentence: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.jsonl").write_text("{instruction")
    write_lines(tmp_path / "unknown.jsonl", {"instruction": "a", "output": "b", "strategy": "guess"})
    assert phied(*(argument.format(folder=tmp_path, data=data) for argument in arguments)) == 2
    assert sentence in capsys.readouterr().err
