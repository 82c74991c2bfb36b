"""How fast a model with two adapters answers: the seed guide's recipe and this package's engine, on the same model.

Each runs in a process of its own, one after the other, so that neither finds memory or libraries that the other took.
"""

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from phied_robot.bench.recipe import Recipe
from phied_robot.language_model.adapters import WEIGHTS
from phied_robot.language_model.loading import choose_device, load, quiet_libraries, threads_for
from phied_robot.language_model.memory import GIB, WORKSPACE, bytes_in_nf4
from phied_robot.language_model.merging import base_folder
from phied_robot.language_model.prefix import PrefixModel
from phied_robot.language_model.sampling import Sampling
from phied_robot.language_model.sources import ModelError, ModelSource, local_folder
from phied_robot.language_model.weights import make_skeleton

PROMPT = 400
NEW = 60
"""Tokens of a prompt that no earlier turn had."""
FIRST_SENTENCE = 15
"""Tokens of an answer until its first sentence is whole."""
CONTEXT = 2_048
"""Tokens for which the engine takes memory, once an adapter."""
TURNS, HEARD, SAID = 20, 15, 15
"""A conversation, and the tokens of each of its turns: what the child says, and what is answered."""
SWITCHES = 100
REPEATS, ENOUGH = 5, 30.0
"""Repeats of a measure, and seconds after which no further one is begun."""
READ_BYTES = GIB // 2

Measures = dict[str, float]


class Measure(NamedTuple):
    """What is measured, and whether more of it is better."""

    name: str
    more_is_better: bool = False


MEASURES = (
    Measure(f"prefill of {PROMPT} tokens (ms)"),
    Measure("decode (tokens/s)", more_is_better=True),
    Measure(f"strategy decision, {NEW} new tokens (ms)"),
    Measure(f"transcript to first sentence of {FIRST_SENTENCE} tokens (ms)"),
    Measure("adapter switch (ms)"),
    Measure(f"turn {TURNS} of a conversation over its first"),
    Measure("memory (GiB)"),
    Measure("start-up to the first answer (s)"),
)


class Side(Protocol):
    """A way to run a model with the adapters "strategy" and "response"."""

    def choose(self, adapter: str) -> None:
        """Put one adapter into effect."""

    def answer(self, adapter: str, ids: list[int], tokens: int) -> list[int]:
        """Compute a prompt and so many tokens behind it, greedily."""

    def decide(self, ids: list[int]) -> None:
        """Choose a strategy behind a prompt."""


class Engine:
    """This package's engine."""

    def __init__(self, source: ModelSource, device: str) -> None:
        """Load the model."""
        self._model = PrefixModel(load(source, device=device), CONTEXT)

    def choose(self, adapter: str) -> None:
        """As each prompt and each answer does for itself."""
        self._model.choose(adapter)

    def answer(self, adapter: str, ids: list[int], tokens: int) -> list[int]:
        """From what the adapter's cache holds of the prompt."""
        with self._model.running(adapter):
            self._model.prefill(adapter, ids)
            stream = self._model.decode(adapter, ids, Sampling())
            return [next(stream) for _ in range(tokens)]

    def decide(self, ids: list[int]) -> None:
        """By one forward pass that scores every strategy's code."""
        with self._model.running("strategy"):
            self._model.prefill("strategy", ids)
            self._model.logits()


SIDES: dict[str, Callable[[ModelSource, str], Side]] = {"guide's recipe": Recipe, "phied": Engine}


def run_side(name: str, source: ModelSource, device: str, tokens: int) -> Measures:
    """`measure` in a process of its own; every side gets the threads that serve a model of this size best."""
    with ProcessPoolExecutor(1, get_context("spawn"), _set_threads, (_threads(source),)) as processes:
        return processes.submit(measure, name, source, device, tokens).result()


def run_llama_cpp(python: Path, source: ModelSource, shape: dict[str, Any], tokens: int) -> Measures:
    """llama.cpp's Q4_0 of a model's shape: its prefill and its decoding, by the processor's same threads.

    Args:
        python: of an environment with llama-cpp-python and gguf.
        source: the model that the other sides run.
        shape: its shape, as in `random_model.SHAPES`; the weights are random.
        tokens: that are decoded to know the rate.

    Raises:
        ModelError: it did not run.
    """
    with tempfile.TemporaryDirectory(prefix="phied-bench-") as folder:
        sizes = {"threads": _threads(source), "prompt": PROMPT, "tokens": tokens, "repeats": 3}
        try:
            ended = subprocess.run(
                [python, Path(__file__).with_name("llama_cpp_side.py")],
                input=json.dumps({"shape": shape, "folder": folder, **sizes}), capture_output=True, text=True,
            )  # fmt: skip
        except OSError as error:
            raise ModelError(f"{python} cannot be run ({error.strerror}): name the Python of an environment") from error
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
        raise ModelError(f"llama.cpp did not run: {said}; it needs: {python} -m pip install llama-cpp-python gguf")
    measured = json.loads(ended.stdout)
    prefill, decode, *_ = MEASURES
    return {prefill.name: 1_000 * measured["prefill"], decode.name: measured["decode"]}


def _threads(source: ModelSource) -> int:
    return threads_for(make_skeleton(base_folder(source)))


def _set_threads(number: int) -> None:
    """Of all libraries; they read it when they are loaded."""
    os.environ["OMP_NUM_THREADS"] = str(number)


def measure(name: str, source: ModelSource, device: str, tokens: int) -> Measures:
    """All measures of one side, by their names; medians over repeats.

    Args:
        name: of the side.
        source: a model with both adapters.
        device: "auto", "cuda" or "cpu".
        tokens: that are decoded to know the rate.
    """
    quiet_libraries()
    import bitsandbytes  # noqa: F401
    import peft  # noqa: F401
    import transformers  # noqa: F401

    device = choose_device(device)
    draw = _Draw(make_skeleton(base_folder(source)).config.vocab_size)
    before, began = _memory(device), perf_counter()
    side = SIDES[name](source, device)
    side.answer("response", draw.ids(16), 1)
    started = perf_counter() - began
    side.answer("strategy", draw.ids(16), 1)

    prefill, decode = _generation(side, draw, tokens)
    decision, sentence = _turn(side, draw)
    values = (prefill, decode, decision, sentence, _switch(side), _conversation(side, draw))
    used = (_memory(device) - before) / GIB
    return dict(zip((measure.name for measure in MEASURES), (*values, used, started), strict=True))


def bandwidth_limit(source: ModelSource, device: str) -> Measures:
    """What the device's memory would allow if nothing but reading the weights took time.

    Every token reads every quantized layer, the output head and one adapter; the bandwidth is that of reading half a
    GiB of float32. A model that is small enough to stay in a processor's cache can be faster.
    """
    import torch

    device = choose_device(device)
    skeleton = make_skeleton(base_folder(source))
    embeddings = skeleton.get_input_embeddings().weight.numel()
    tied = bool(skeleton.config.tie_word_embeddings)
    adapter = (local_folder(next(iter(source.adapters.values()))) / WEIGHTS).stat().st_size
    read = bytes_in_nf4(skeleton) - WORKSPACE - (0 if tied else 2 * embeddings) + adapter
    numbers = torch.ones(READ_BYTES // 4, device=device)
    best = min(_seconds(lambda: float(numbers.sum())) for _ in range(7))  # which waits for a GPU
    return {"bandwidth (GB/s)": READ_BYTES / best / 1e9, "limit of decode (tokens/s)": READ_BYTES / best / read}


class _Draw:
    """Prompts of random tokens."""

    def __init__(self, vocabulary: int) -> None:
        self._chance, self._vocabulary = random.Random(0), vocabulary

    def ids(self, count: int) -> list[int]:
        return [self._chance.randrange(self._vocabulary) for _ in range(count)]


def _repeats() -> Iterator[int]:
    began = perf_counter()
    for number in range(REPEATS):
        if number and perf_counter() - began > ENOUGH:
            return
        yield number


def _generation(side: Side, draw: _Draw, tokens: int) -> tuple[float, float]:
    first, rates = [], []
    for _ in _repeats():
        prompt = draw.ids(PROMPT)
        first.append(_seconds(side.answer, "response", prompt, 1))
        one = _seconds(side.answer, "response", prompt, 1)
        more = _seconds(side.answer, "response", prompt, 1 + tokens)
        rates.append(tokens / (more - one))
    return 1_000 * median(first), median(rates)


def _turn(side: Side, draw: _Draw) -> tuple[float, float]:
    """Of a turn whose prompts differ from the last one's in their last tokens: the decision, and with the answer."""
    prefix, decisions, sentences = draw.ids(PROMPT - NEW), [], []
    side.decide(prefix)
    side.answer("response", prefix, 1)
    for _ in _repeats():
        began = perf_counter()
        side.decide([*prefix, *draw.ids(NEW)])
        decisions.append(perf_counter() - began)
        side.answer("response", [*prefix, *draw.ids(NEW)], FIRST_SENTENCE)
        sentences.append(perf_counter() - began)
    return 1_000 * median(decisions), 1_000 * median(sentences)


def _switch(side: Side) -> float:
    def switch() -> None:
        for adapter in ["strategy", "response"] * (SWITCHES // 2):
            side.choose(adapter)

    return 1_000 * _seconds(switch) / SWITCHES


def _conversation(side: Side, draw: _Draw) -> float:
    """The time of a conversation's last turn over that of its first; those between are computed in one go."""
    conversation = draw.ids(PROMPT - NEW)
    seconds = []
    for _ in ("first", "last"):
        side.answer("response", conversation, 1)
        conversation += draw.ids(HEARD)
        began = perf_counter()
        conversation += side.answer("response", conversation, SAID)
        seconds.append(perf_counter() - began)
        conversation += draw.ids((TURNS - 2) * (HEARD + SAID))
    return seconds[1] / seconds[0]


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    began = perf_counter()
    work(*arguments)
    return perf_counter() - began


def _memory(device: str) -> float:
    import psutil  # type: ignore[import-untyped]
    import torch

    return float(torch.cuda.memory_reserved() if device == "cuda" else psutil.Process().memory_info().rss)
