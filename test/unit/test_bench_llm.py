"""The language model's bench on a tiny model with random weights: every side gives every measure."""

import json
import math
import sys
import tempfile
from argparse import Namespace
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from phied_robot.bench import llm, llm_report
from phied_robot.bench.llm import MEASURES, SIDES, bandwidth_limit, measure
from phied_robot.bench.llm_report import BASELINE, ratio, run
from phied_robot.bench.random_model import make
from phied_robot.language_model.sources import ModelError, ModelSource, resolve

pytestmark = pytest.mark.xdist_group("bench-llm")  # one model for all tests
SHAPE = {
    "vocab_size": 6_016,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 1_024,
    "original_max_position_embeddings": 1_024,
}
FOLDER = tempfile.TemporaryDirectory(prefix="bench-")


@cache
def source() -> ModelSource:
    return resolve(str(make(Path(FOLDER.name), SHAPE)))


def asked(**options: object) -> Namespace:
    """The command's options: its defaults on a processor, and what a test asks for."""
    defaults = dict.fromkeys(("random", "llama_cpp", "json", "chart"))
    model = {"model": source().base, "strategy_adapter": "", "response_adapter": ""}
    return Namespace(**{**defaults, **model, "device": "cpu", "exact": False, **options})


@pytest.mark.parametrize("side", SIDES)
def test_a_side_gives_every_measure(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm, "REPEATS", 1)
    measures = measure(side, source(), "cpu", tokens=2)
    assert list(measures) == [one.name for one in MEASURES]
    # What is a difference of two measurements may be lost in their noise here.
    differences = ("memory (GiB)", "decode (tokens/s)")
    assert all(value > 0 for name, value in measures.items() if name not in differences)
    assert all(math.isfinite(measures[name]) for name in differences)


def test_the_limit_is_the_bandwidth_over_what_a_token_reads() -> None:
    limit = bandwidth_limit(source(), "cpu")
    quantized = 2 * (64 * 192 + 64 * 64 + 64 * 256 + 128 * 64)
    adapter = 2 * 2 * 16 * ((64 + 192) + (64 + 64) + (64 + 256) + (128 + 64))
    read = limit["bandwidth (GB/s)"] * 1e9 / limit["limit of decode (tokens/s)"]
    assert read == pytest.approx(0.516 * quantized + 2 * 64 * 6_016 + adapter, rel=0.02)


def test_figures_and_chart_are_written_and_ratios_say_how_many_times_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {
        side: {one.name: 10.0 if (side == BASELINE) != one.more_is_better else 40.0 for one in MEASURES}
        for side in SIDES
    }
    monkeypatch.setattr(llm_report, "run_side", lambda name, *_: measured[name])
    monkeypatch.setattr(llm_report, "bandwidth_limit", lambda *_: {"bandwidth (GB/s)": 14.0})
    options = asked(tokens=2, json=tmp_path / "figures.json", chart=tmp_path / "chart.png")
    console = Console(record=True, width=140)
    assert run(options, console) == 0
    written = json.loads(options.json.read_text())
    assert written["sides"] == measured and options.chart.read_bytes().startswith(b"\x89PNG")
    for one in MEASURES:
        assert ratio(measured["phied"], measured[BASELINE], one.name, more_is_better=one.more_is_better) == 0.25
    assert "0.2" in console.export_text()


def test_a_model_without_both_adapters_is_refused(tmp_path: Path) -> None:
    options = asked(model=str(tmp_path))
    console = Console(record=True, width=140)
    assert run(options, console) == 2 and "holds no model" in console.export_text()


def test_llama_cpp_is_measured_on_random_weights_only() -> None:
    options = asked(llama_cpp=Path("llama/bin/python"))
    console = Console(record=True, width=140)
    assert run(options, console) == 2 and "add --random phi3-mini --device cpu" in console.export_text()


@pytest.mark.parametrize(
    ("python", "says"),
    [(sys.executable, "No module named .*-m pip install llama-cpp-python"), ("/no/python", "/no/python cannot be run")],
)
def test_an_environment_without_llama_cpp_is_said(python: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        llm.run_llama_cpp(Path(python), source(), SHAPE, tokens=2)
