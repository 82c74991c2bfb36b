"""`phied model`: what it shows, what it writes, and what it says of models that cannot be used."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_phi3
import torch
from model_hub import Hub, put_adapter, running_hub
from openai_server import Server, running_server
from training_data import answer, choice

from phied_robot.cli.main import main
from phied_robot.evaluation.comparison import contender
from phied_robot.language_model import anatomy, fidelity
from phied_robot.language_model.fingerprints import fingerprint
from phied_robot.language_model.merging import cache_folder
from phied_robot.language_model.weights import load_tokenizer, make_skeleton, read_weights
from phied_robot.training.data.examples import write_examples

Shown = pytest.CaptureFixture[str]
KEY = "sk-very-secret-4711"


def phied(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ending:
        main(["model", *map(str, arguments)])
    return int(ending.value.code or 0)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub(tmp_path, monkeypatch) as server:
        yield server


def response_adapter() -> Path:
    return tiny_phi3.tutor_folder() / "adapters" / "response"


def test_prepare_downloads_merges_and_says_where_it_lies(hub: Hub, tmp_path: Path, capsys: Shown) -> None:
    put_adapter(hub, tmp_path / "phi-ed")
    assert phied("prepare", "someone/phi-ed") == 0
    (merged,) = cache_folder().iterdir()
    said = capsys.readouterr().out
    assert f"It lies in {merged} and takes" in said
    assert "an adapter on base/mini" in said


def test_prepare_says_of_a_stored_model_that_it_is_in_4_bits(capsys: Shown) -> None:
    assert phied("prepare", tiny_phi3.tutor_folder()) == 0
    assert "stored in 4 bits" in capsys.readouterr().out


def test_a_gated_and_a_missing_model_are_said_in_a_sentence(hub: Hub, capsys: Shown) -> None:
    hub.repositories["base/mini"] = tiny_phi3.base_folder()
    hub.gated.add("base/mini")
    assert phied("prepare", "base/mini") == 2
    assert capsys.readouterr().err == "model 'base/mini' is gated: accept its terms on huggingface.co and log in\n"
    assert phied("prepare", "no/one") == 2
    assert "'no/one' is neither a folder nor a known model id" in capsys.readouterr().err


def test_an_adapter_that_is_not_there_is_named(tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "empty").mkdir()
    for command in (["info", "demo", tmp_path / "empty"], ["merge", "demo", tmp_path / "empty", "--output", "x"]):
        assert phied(*command) == 2
        assert capsys.readouterr().err == f"{tmp_path / 'empty'} holds no adapter: adapter_config.json is missing\n"


def test_the_parts_of_a_model_are_all_of_it() -> None:
    skeleton = make_skeleton(tiny_phi3.base_folder())
    parts = {part.name: part for part in anatomy.parts(skeleton)}
    assert list(parts) == ["embeddings", "attention", "feed-forward", "norms"]  # the output head is tied
    assert sum(part.parameters for part in parts.values()) == skeleton.num_parameters()
    assert parts["attention"].parameters == 2 * (64 * 192 + 64 * 64)
    assert parts["attention"].served < 0.27 * parts["attention"].bf16
    assert parts["embeddings"].served == parts["embeddings"].bf16


def test_info_shows_adapters_licence_and_fingerprint(tmp_path: Path, capsys: Shown) -> None:
    model = shutil.copytree(tiny_phi3.base_folder(), tmp_path / "model")
    (model / "README.md").write_text("---\nlibrary_name: peft\nlicense: mit\n---\n# A model\n")
    wider = tiny_phi3.make_base(tmp_path / "wider", hidden=128)
    foreign = tiny_phi3.make_adapter(tmp_path / "foreign", wider)
    assert phied("info", model, response_adapter(), foreign) == 0
    said = capsys.readouterr().out
    for expected in ("mit", fingerprint(model)[:16], "8, 16", "no: adapter", "for another base", "down_proj"):
        assert expected in said


def test_a_fingerprint_changes_with_the_weights(tmp_path: Path) -> None:
    one = tiny_phi3.make_adapter(tmp_path / "one", tiny_phi3.base_folder(), seed=1)
    same = shutil.copytree(one, tmp_path / "same")
    other = tiny_phi3.make_adapter(tmp_path / "other", tiny_phi3.base_folder(), seed=2)
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


@pytest.mark.parametrize("onto", ["dequantized", "original"])
def test_a_merged_model_computes_what_was_said_of_it(onto: str, tmp_path: Path, capsys: Shown) -> None:
    base, output = tiny_phi3.base_folder(), tmp_path / "merged"
    assert phied("merge", base, response_adapter(), "--output", output, "--onto", onto) == 0
    tokenizer = load_tokenizer(output)
    reference = fidelity.next_token_logits(fidelity.unmerged(base, response_adapter()), tokenizer)
    merged = fidelity.next_token_logits(read_weights(output, "cpu"), tokenizer)
    found = fidelity.difference(reference, merged)
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "(written)" in line)
    assert onto.replace("dequantized", "4-bit") in row
    assert f"{found.divergence:.1e}" in row
    # The 4-bit values are those that the adapter was trained with; the weights before quantization are others.
    assert (found.divergence < 0.01) is (onto == "dequantized")


def test_the_difference_of_logits_is_what_it_is_defined_as() -> None:
    reference, other = torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 2.0]])
    found = fidelity.difference(reference, other)
    p, q = reference.softmax(-1), other.softmax(-1)
    assert found.divergence == pytest.approx(float((p * (p / q).log()).sum()) / 2, rel=1e-5)
    assert (found.largest, found.same) == (2.0, 0.5)


def test_a_base_in_4_bits_has_no_original(tmp_path: Path, capsys: Shown) -> None:
    output = tmp_path / "merged"
    assert phied("merge", tiny_phi3.tutor_folder(), response_adapter(), "--output", output, "--onto", "original") == 2
    assert "has no original to merge onto: leave --onto out" in capsys.readouterr().err
    assert not output.exists()
    output.mkdir()
    assert phied("merge", tiny_phi3.base_folder(), response_adapter(), "--output", output) == 2
    assert "is there already" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert phied("merge", tiny_phi3.base_folder(), response_adapter(), "--output", tmp_path / "file" / "merged") == 2
    assert "file/merged cannot be written: [Errno" in capsys.readouterr().err


@pytest.fixture(scope="module")
def process() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(process: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    process.plant("none")
    return process


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text("What is [red] a half?\n\nWhy | how?\n")
    return path


def test_answers_stand_side_by_side_and_in_a_page(
    server: Server, questions: Path, tmp_path: Path, capsys: Shown
) -> None:
    said = "Lesson: Halves\nNote: Half of 8 is 4.\nStudent: What [red] | is half of 8?"
    examples = [choice(said, "scaffolding"), answer(said, "It is 4.", strategy="direct_instruction")]
    write_examples(examples, tmp_path / "data.jsonl")
    remote, page = f"openai:response@{server.url}", tmp_path / "page.html"
    # The same model here and behind the server: greedily, both give the same answer.
    assert phied("compare", "demo", remote, "--prompts", tmp_path / "data.jsonl", "--output", page) == 0
    shown = capsys.readouterr().out
    assert "What [red] | is half of 8?" in shown
    (row,) = (line for line in shown.splitlines() if line.startswith("│ Halves"))
    here, there, in_the_data = (cell.strip() for cell in row.split("│")[2:5])
    assert here == there != ""
    assert in_the_data == "It is 4."
    assert f"{remote}: 1 answers of {len(there.split()):.1f} words" in shown
    assert f"<td>{there}</td>" in page.read_text()
    assert KEY not in page.read_text() + shown


def test_an_adapter_on_a_base_answers() -> None:
    tutor, answers = tiny_phi3.tutor_folder(), []
    for name in (str(tutor), f"{tutor}+{response_adapter()}", f"{tutor}+{tutor / 'adapters' / 'strategy'}"):
        with contender(name)() as answer_to:
            answers.append(answer_to([{"role": "user", "content": "Why?"}], 8))
    assert answers[0] == answers[1] != answers[2]  # "response" answers where nothing else is said


def test_what_was_answered_is_kept_where_a_server_breaks_off(
    server: Server, questions: Path, tmp_path: Path, capsys: Shown
) -> None:
    server.plant("cut")
    models = (tiny_phi3.tutor_folder(), f"openai:response@{server.url}")
    assert phied("compare", *models, "--prompts", questions, "--output", tmp_path / "page.md") == 2
    assert f"the server {server.url} " in capsys.readouterr().err
    assert f"{models[0]}: 2 answers" in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("openai:response@{server}", "401"),
        ("openai:response@http://127.0.0.1:9/v1", "the server http://127.0.0.1:9/v1 failed: cannot be reached"),
        ("openai:response", "openai:response names no server: write openai:MODEL@URL"),
        ("openai:response@my.host", "server 'my.host' is no address such as"),
        ("{questions}", "neither a folder nor a known model id"),
    ],
)
def test_a_contender_that_cannot_be_used_is_named(
    model: str, sentence: str, server: Server, questions: Path, capsys: Shown
) -> None:
    server.plant("key")
    name = model.format(server=server.url, questions=questions)
    assert phied("compare", name, name, "--prompts", questions) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert KEY not in error


def test_prompts_that_cannot_be_used_are_named(tmp_path: Path, questions: Path, capsys: Shown) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    tutor = tiny_phi3.tutor_folder()
    assert phied("compare", tutor, tutor, "--prompts", tmp_path / "empty.txt") == 2
    assert "holds no prompt to answer" in capsys.readouterr().err
    assert phied("compare", tutor, tutor, "--prompts", questions, "--output", tmp_path / "page.pdf") == 2
    assert "a page is .md or .html" in capsys.readouterr().err
