from base64 import b64encode
from pathlib import Path

import pytest
from training_data import answer, choice, shared

from phied_robot.training.data.check import check, estimated_tokens
from phied_robot.training.data.examples import Example, read_located, write_examples
from phied_robot.training.data.importers import IMPORTERS

ASK = "Student: Why does it rain?"
BASE64 = b64encode(bytes(range(256))).decode()


def kinds(*examples: Example, against: tuple[Example, ...] = ()) -> dict[str, str]:
    found = check(list(examples), estimated_tokens, against)
    return {finding.kind: finding.severity for finding in found if finding.kind != "label balance"}


def test_good_examples_give_no_finding() -> None:
    good = [
        answer(ASK, "Clouds hold many small drops. When they are heavy, they fall.", age_group="early elementary"),
        answer("Student: Warum regnet es?", "Die Tropfen werden schwer und fallen.", language="de"),
        answer("Student: Pourquoi pleut-il ?", "Les gouttes sont lourdes et elles tombent.", language="fr"),
    ]
    assert kinds(*good) == {}


@pytest.mark.parametrize(
    ("example", "kind", "severity"),
    [
        (answer(ASK, " … "), "empty output", "error"),
        (answer("Student: " + "rain " * 4000, "It rains."), "no supervised token", "error"),
        (answer("Student: " + "rain " * 2000, "It rains. " * 500), "too long", "error"),
        (choice("no conversation", "scaffolding"), "no conversation", "error"),
        (answer(ASK, "Write to anna.muster@school.example and ask."), "personal data", "error"),
        (answer(ASK, "Call +49 30 1234567 now."), "personal data", "error"),
        (answer("Student: My name is Anna Muster. Why?", "Well."), "perhaps personal data", "warning"),
        (answer("Why?", "Because drops fall."), "no conversation", "warning"),
        (answer(ASK, "drop " * 130), "long output", "warning"),
        (answer(ASK, "Die Tropfen werden schwer und fallen auf die Erde."), "wrong language", "warning"),
        (answer(ASK, f"Look: data:image/png;base64,{BASE64}"), "cannot be said", "warning"),
        (answer(f"Student: {BASE64} Why?", "Well."), "cannot be said", "warning"),
        (answer(ASK, "Look at https://example.org/chart.png and count."), "cannot be said", "warning"),
        (answer(ASK, "I am shy, but it rains.", personality="introvert"), "names a trait", "warning"),
        (
            answer(
                ASK,
                "Meteorological precipitation originates whenever atmospheric condensation accumulates, and then "
                "gravitational acceleration overwhelms atmospheric resistance both considerably and irreversibly.",
                age_group="toddlers",
            ),
            "too hard",
            "warning",
        ),
    ],
)
def test_what_is_wrong_is_found(example: Example, kind: str, severity: str) -> None:
    assert kinds(example)[kind] == severity


@pytest.mark.parametrize("words", ["How much is 2400-1100-700?", "I counted 19 31 44.", "It is 1,000,000.50 or 3/4."])
def test_sums_are_no_telephone_numbers(words: str) -> None:
    assert "personal data" not in kinds(answer(ASK, words))


@pytest.mark.parametrize("words", ["ohhh" * 40, "......" * 99, "1000000000" * 20, "Donau" + "dampfschiff" * 20])
def test_long_words_are_no_images(words: str) -> None:
    assert "cannot be said" not in kinds(answer(f"Student: {words}", words))


def test_the_image_in_bridges_published_answers_is_named_with_its_line(tmp_path: Path) -> None:
    examples = list(IMPORTERS["bridge"](shared("bridge")))
    write_examples(examples, tmp_path / "bridge.jsonl")
    places = [place for place, _example in read_located(tmp_path / "bridge.jsonl")]
    (found,) = (one for one in check(examples, estimated_tokens) if "base64" in one.detail)
    assert found.example is not None
    line = int(places[found.example].rpartition(":")[2])
    assert "data:image/png;base64," in (tmp_path / "bridge.jsonl").read_text().split("\n")[line - 1]
    assert found.detail == "an image in base64 (data:image/png;base64,…, 3162 characters)"


def test_duplicates_are_found_and_agreeing_teachers_are_not() -> None:
    example = answer(ASK, "Clouds hold many small drops.")
    assert kinds(example, example) == {"duplicate": "warning"}
    assert kinds(choice(ASK, "scaffolding", "1"), choice(ASK, "scaffolding", "1")) == {}
    other = example.model_copy(update={"personality": "extravert"})
    assert kinds(example, other) == {}


def test_a_leak_into_evaluation_data_is_an_error() -> None:
    example = answer(ASK, "Clouds hold many small drops.")
    assert kinds(example, against=(answer(ASK, "Something else."),)) == {"leak": "error"}
    assert kinds(example, against=(answer("Student: Why does the sun shine?", "It is hot."),)) == {}


def test_labels_out_of_balance_are_named() -> None:
    examples = [choice(f"Student: number {number}", "confirmation", str(number)) for number in range(20)]
    found = [finding.detail for finding in check(examples, estimated_tokens)]
    assert any(detail.startswith("confirmation is 100.0% of 20 choices") for detail in found)
    assert len(found) == 8
