"""Runs the language model's bench, prints the sides beside each other, writes them down and draws them."""

import json
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from phied_robot.bench.llm import MEASURES, SIDES, Measures, bandwidth_limit, run_llama_cpp, run_side
from phied_robot.bench.random_model import SHAPES, make
from phied_robot.language_model.loading import choose_device
from phied_robot.language_model.sources import ModelError, ModelSource, resolve

Item = TypeVar("Item")
BASELINE = "guide's recipe"
LLAMA_CPP = "llama.cpp Q4_0"
PROMPTS, DRILL_TURNS = 50, 1_000
TOLERANCE = 1e-3
"""Of a logit in float32; the demo model's logits have a standard deviation of 2.4."""
CLOSE, TIMES_USUAL = 0.3, 2
"""In bfloat16: by how much a token may lead another that is as good, what the usual recipe itself shows; and how many
times the recipe's own largest difference of a logit the engine's may be."""


def run(options: Namespace, console: Console) -> int:
    """Measure, or compare with `--exact`; 0 when it is done and nothing differs, 1 when a token does, 2: a mistake."""
    try:
        if options.llama_cpp and (not options.random or choose_device(options.device) != "cpu"):
            raise ModelError("llama.cpp is measured on a processor: add --random phi3-mini --device cpu")
        with ExitStack() as scratch:
            source = _source(options, scratch, console)
            if len(source.adapters) < 2:
                raise ModelError(f"{source.base} has no two adapters: give --strategy-adapter and --response-adapter")
            return _exact(source, options, console) if options.exact else _measure(source, options, console)
    except ModelError as error:
        console.print(str(error), markup=False)
        return 2


def _source(options: Namespace, scratch: ExitStack, console: Console) -> ModelSource:
    if not options.random:
        return resolve(options.model, options.strategy_adapter, options.response_adapter)
    folder = Path(scratch.enter_context(tempfile.TemporaryDirectory(prefix="phied-bench-")))
    with console.status(f"making random weights of the shape of {options.random}"):
        return resolve(str(make(folder, SHAPES[options.random])))


def _measure(source: ModelSource, options: Namespace, console: Console) -> int:
    with console.status("measuring the memory's bandwidth"):
        limit = bandwidth_limit(source, options.device)
    sides: dict[str, Measures] = {}
    for name in SIDES:
        with console.status(f"measuring {name}"):
            sides[name] = run_side(name, source, options.device, options.tokens)
    if options.llama_cpp:
        with console.status(f"measuring {LLAMA_CPP}"):
            sides[LLAMA_CPP] = run_llama_cpp(options.llama_cpp, source, SHAPES[options.random], options.tokens)
    _print(sides, limit, options.random or options.model, console)
    if options.json:
        written = {"model": options.random or options.model, "device": options.device, "limit": limit, "sides": sides}
        options.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
        console.print(f"figures: {options.json}", markup=False)
    if options.chart:
        _draw(sides, options.chart)
        console.print(f"chart: {options.chart}", markup=False)
    return 0


def ratio(measures: Measures, baseline: Measures, name: str, *, more_is_better: bool) -> float:
    """How many times better than the baseline."""
    better, worse = (measures, baseline) if more_is_better else (baseline, measures)
    return better[name] / worse[name]


def _print(sides: dict[str, Measures], limit: Measures, model: str, console: Console) -> None:
    others = [name for name in sides if name != BASELINE]
    table = Table("measure", BASELINE, *(cell for name in others for cell in (name, "times better")), title=model)
    for measure, more_is_better in MEASURES:
        cells = [f"{sides[BASELINE][measure]:.4g}"]
        for name in others:
            if measure not in sides[name]:
                cells += ["", ""]
                continue
            times = ratio(sides[name], sides[BASELINE], measure, more_is_better=more_is_better)
            cells += [f"{sides[name][measure]:.4g}", f"{times:.1f}"]
        table.add_row(measure, *cells)
    console.print(table)
    console.print(", ".join(f"{name}: {value:.4g}" for name, value in limit.items()))


def _draw(sides: dict[str, Measures], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(2, 4, figsize=(14, 6))
    for measure, panel in zip(MEASURES, panels.flat, strict=True):
        named = {name: values[measure.name] for name, values in sides.items() if measure.name in values}
        bars = panel.bar(list(named), list(named.values()), color=["#b9b9b9", "#2f6f9f", "#d1793b"][: len(named)])
        panel.bar_label(bars, fmt="{:.3g}")
        panel.set_title(measure.name, fontsize="small", wrap=True)
        panel.set_xlabel("more is better" if measure.more_is_better else "less is better", fontsize="x-small")
        panel.margins(y=0.15)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _exact(source: ModelSource, options: Namespace, console: Console) -> int:
    from phied_robot.bench.exactness import Findings, compare, compare_recipe, drill, expect, prompts
    from phied_robot.bench.recipe import Recipe
    from phied_robot.language_model.loading import load
    from phied_robot.language_model.prefix import PrefixModel

    def say(what: str, findings: Findings) -> None:
        close = f", {findings.close} took the other of two tokens less than {findings.tolerance} apart"
        console.print(
            f"{what}: {findings.compared} answers, {len(findings.wrong)} wrong{close if findings.tolerance else ''}, "
            f"largest difference of a logit {findings.logit_difference:.2g}"
        )
        for one in findings.wrong:
            console.print(f"  {one}", markup=False)

    device = choose_device(options.device)
    loaded = load(source, device=device)
    rounded = "float32" not in loaded.engine
    if rounded and device == "cpu":
        raise ModelError(f"--exact is for models that the processor computes in float32, and this is {loaded.engine}")
    tie = CLOSE if rounded else 0.0
    model = PrefixModel(loaded)
    console.print(f"on {model.engine}", markup=False)
    with Progress(console=console) as progress:

        def track(items: Sequence[Item], says: str) -> Iterable[Item]:
            return progress.track(items, description=says)

        given = prompts(loaded.tokenizer, PROMPTS)
        expected = expect(Recipe(source, device, exact=True), given, track)
        compared = compare(model, expected, track, tie)
        say(f"{PROMPTS} prompts, both adapters, each from three states of the cache", compared)
        drilled, growth = drill(model, expected, DRILL_TURNS, track, tie)
        say(f"{DRILL_TURNS} turns, a third of them cancelled", drilled)
        console.print(f"memory grew by {growth:.1f} MiB over these turns")
        usual = compare_recipe(Recipe(source, device), expected, CLOSE, track)
        say("the guide's recipe in bfloat16", usual)

    tolerance = TIMES_USUAL * usual.logit_difference if rounded else TOLERANCE
    sound = not compared.wrong and not drilled.wrong and compared.logit_difference < tolerance
    return 0 if sound else 1
