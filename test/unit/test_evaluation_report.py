import json
import re
from pathlib import Path

import pytest
from tiny_phi3 import make_adapter, make_base, store_nf4
from training_data import answer, choice

from phied_robot.cli.main import main
from phied_robot.evaluation.results import read_report
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.training.data.examples import write_examples

LABELS = list(BY_LABEL)[:4]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny tutor with room for the prompts of class."""
    folder = tmp_path_factory.mktemp("model")
    base = make_base(folder / "base", context=4096)
    tutor = store_nf4(base, folder / "tutor")
    make_adapter(tutor / "adapters" / "strategy", base, seed=1)
    make_adapter(tutor / "adapters" / "response", base, seed=2)
    return tutor


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for part, numbers in (("train", range(24)), ("test", range(100, 108))):
        examples = []
        for number in numbers:
            label, said = LABELS[number % 4], f"Student: my answer is {number}"
            examples.append(choice(said, label, f"{part}{number}"))
            examples.append(
                answer(said, f"This is {label} {number}", strategy=label, conversation_id=f"{part}{number}")
            )
        write_examples(examples, folder / f"{part}.jsonl")
    return folder


def evaluate(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ending:
        main(["evaluate", *map(str, arguments)])
    return int(ending.value.code or 0)


@pytest.fixture(scope="module")
def report(model: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    assert evaluate(model, "--data", data, "--output", folder, "--examples", "1") == 0
    return folder


def test_every_part_is_measured(report: Path) -> None:
    found = read_report(report / "report.json")
    assert found.notes == []
    assert found.adapters == ["strategy", "response"]
    assert found.strategy is not None
    assert set(found.strategy.predictors) == {"model", "majority", "TF-IDF + logistic regression"}
    assert found.strategy.contexts == 5
    assert found.answers is not None
    assert found.answers.recogniser is not None
    assert {row.source for row in found.answers.rows} == {"", "lessons"}
    assert found.personality is not None
    assert found.personality[0].prompts == 1
    assert found.stories is not None
    assert found.stories.quizzes.quizzes == 1
    assert found.speed is not None
    assert found.speed.tokens_per_second > 0
    assert found.speed.choice_95 >= found.speed.choice > 0
    assert found.speed.memory > found.speed.weights > 0


def test_the_page_holds_everything_itself(report: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    for title in ("Choice of strategy", "Answers", "Personality", "Stories and quizzes", "Speed and memory"):
        assert f"<h2>{title}</h2>" in page
    assert page.count("data:image/png;base64,") == 4
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_the_markdown_shows_the_same_figures_and_its_pictures_lie_beside_it(report: Path) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    page = (report / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r"\d+% \(\d+% to \d+%\)", text)) == set(re.findall(r"\d+% \(\d+% to \d+%\)", page))
    pictures = re.findall(r"\]\((\w+\.png)\)", text)
    assert len(pictures) == 4
    for name in pictures:
        assert (report / name).read_bytes().startswith(b"\x89PNG")


def test_models_are_compared_in_one_table(report: Path, model: Path, data: Path, tmp_path: Path) -> None:
    earlier = report / "report.json"
    other = json.loads(earlier.read_text())
    (tmp_path / "earlier.json").write_text(json.dumps({**other, "model": "an earlier model"}))
    arguments = (model, "--data", data, "--output", tmp_path, "--examples", 2, "--parts", "strategy")
    assert evaluate(*arguments, "--compare", tmp_path / "earlier.json") == 0
    rows = [line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith("| ")]
    table = rows[: rows.index(next(row for row in rows if "language right" in row))]
    assert [row.split(" | ")[0].strip("| ") for row in table[2:]] == [
        str(model),
        "majority",
        "TF-IDF + logistic regression",
        "an earlier model",
    ]


def test_the_same_seed_gives_the_same_figures(report: Path, model: Path, data: Path, tmp_path: Path) -> None:
    assert evaluate(model, "--data", data, "--output", tmp_path, "--examples", 1, "--parts", "strategy", "answers") == 0
    first, second = read_report(report / "report.json"), read_report(tmp_path / "report.json")
    assert (first.strategy, first.answers) == (second.strategy, second.answers)


def test_data_without_a_part_leaves_it_out_and_says_so(model: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        write_examples([answer(f"Student: {part}", "Well.", strategy="confirmation")], tmp_path / f"{part}.jsonl")
    arguments = (model, "--data", tmp_path, "--output", tmp_path / "out", "--examples", 1)
    assert evaluate(*arguments, "--parts", "strategy", "answers") == 0
    found = read_report(tmp_path / "out" / "report.json")
    assert found.notes == ["strategy was left out: the test data has no strategy examples"]
    assert found.answers is not None
    assert found.answers.recogniser is not None  # learned from the lessons alone


def test_test_data_that_training_has_seen_is_said(model: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        write_examples([choice("Student: the same", "confirmation", "1")], tmp_path / f"{part}.jsonl")
    arguments = (model, "--data", tmp_path, "--output", tmp_path / "out", "--examples", 1)
    assert evaluate(*arguments, "--parts", "strategy") == 0
    assert read_report(tmp_path / "out" / "report.json").notes[0].startswith("1 of 1 test examples are in train.jsonl")


def test_a_part_that_the_model_has_no_room_for_is_left_out(data: Path, tmp_path: Path) -> None:
    small = make_base(tmp_path / "model", context=128)
    arguments = ("--data", data, "--output", tmp_path / "out", "--examples", 1, "--parts", "strategy", "answers")
    assert evaluate(small, *arguments) == 0
    found = read_report(tmp_path / "out" / "report.json")
    assert [note.split(":")[0] for note in found.notes] == ["strategy was left out", "answers was left out"]
    assert "leaves room for" in found.notes[0]


def test_an_interruption_keeps_what_was_measured(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phied_robot.evaluation.evaluate.measure_answers", interrupt)
    arguments = (model, "--data", data, "--output", tmp_path, "--examples", 1)
    assert evaluate(*arguments, "--parts", "strategy", "answers") == 130
    assert "interrupted" in capsys.readouterr().err
    assert read_report(tmp_path / "report.json").strategy is not None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("{model}", "--data", "{empty}"), "train.jsonl cannot be read: No such file"),
        (("{empty}", "--data", "{data}"), "holds no model"),
        (("{model}", "--data", "{data}", "--compare", "{data}/train.jsonl.json"), "cannot be read"),
        (("{model}", "--data", "{data}", "--compare", "{other}"), "is no report of 'phied evaluate'"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_runs(
    arguments: tuple[str, ...],
    sentence: str,
    model: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.json").write_text('{"some": "thing"}')
    places = {"model": model, "data": data, "empty": tmp_path / "empty", "other": tmp_path / "other.json"}
    given = [argument.format(**places) for argument in arguments]
    assert evaluate(*given, "--output", tmp_path / "out") == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out" / "report.json").exists()
