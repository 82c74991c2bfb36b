"""`phied model`: prepares, describes and merges models, and shows their answers side by side."""

import argparse
import gc
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table
from rich.text import Text

from phied_robot.evaluation.comparison import Comparison, ask, contender, prompts, write_page
from phied_robot.language_model import anatomy, fidelity
from phied_robot.language_model.adapters import check_adapter
from phied_robot.language_model.fingerprints import fingerprint
from phied_robot.language_model.loading import damage_named, quiet_libraries
from phied_robot.language_model.memory import GIB, MIB, bytes_in_bf16, bytes_in_nf4
from phied_robot.language_model.merging import Onto, base_folder, has_original, merge, save_merged
from phied_robot.language_model.sources import ModelError, checked_adapter, first_line, local_folder, read_json, resolve
from phied_robot.language_model.weights import load_tokenizer, make_skeleton
from phied_robot.training.data.files import DataError

SHOWN = 16
"""Hexadecimal digits of a fingerprint that are shown."""
WAYS: dict[Onto, str] = {"dequantized": "onto the 4-bit base", "original": "onto the original base"}


def run(command: str, options: argparse.Namespace) -> int:
    """Run one command. Exit code 0: done; 2: something cannot be used, said in a sentence; 130: interrupted."""
    try:
        quiet_libraries()
        with damage_named(" or ".join([options.model] if command != "compare" else options.models)):
            COMMANDS[command](options, Console(highlight=False))
    except (DataError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was downloaded so far is kept", file=sys.stderr)
        return 130
    return 0


def _prepare(options: argparse.Namespace, console: Console) -> None:
    source = resolve(options.model)
    _download([source.base, source.merge_adapter], console)
    with console.status("merging the adapter into its base, once"):
        folder = base_folder(source)
    if source.merge_adapter:
        _say(console, f"{options.model} is an adapter on {source.base}; the two are merged.")
    skeleton = make_skeleton(folder)
    load_tokenizer(folder)
    on_disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    _say(console, f"It lies in {folder} and takes {_size(on_disk)} of disk.")
    _say(
        console,
        f"Serving it in 4 bits takes about {_size(bytes_in_nf4(skeleton))} of memory; quantizing it at the start, "
        f"on a machine without a GPU, up to {_size(bytes_in_bf16(skeleton))}."
        if has_original(folder)
        else f"It is stored in 4 bits; serving it takes about {_size(bytes_in_nf4(skeleton))} of memory.",
    )
    _say(console, f"Now it starts without the network: phied tutor --model {options.model}")


def _info(options: argparse.Namespace, console: Console) -> None:
    source = resolve(options.model)
    named = {**source.adapters, **{name: checked_adapter(name) for name in options.adapters}}
    if source.merge_adapter:
        named = {"merged into the base": source.merge_adapter, **named}
    _download([source.base, *named.values()], console)
    folder = local_folder(source.base)
    skeleton = make_skeleton(folder)
    with console.status("reading the weights for their fingerprint"):
        adapters = [anatomy.describe_adapter(skeleton, name, local_folder(one)) for name, one in named.items()]
        found = fingerprint(folder)
    stored = "in 4 bits (NF4)" if not has_original(folder) else str(read_json(str(folder), "config.json").get("dtype"))
    console.print(
        _pairs(
            {
                "model": source.base,
                "folder": str(folder),
                "architecture": ", ".join(skeleton.config.architectures or [type(skeleton).__name__]),
                "layers": f"{skeleton.config.num_hidden_layers} of width {skeleton.config.hidden_size}",
                "context": f"{skeleton.config.max_position_embeddings} tokens",
                "stored": stored,
                "licence": anatomy.licence(folder) or "not stated",
                "fingerprint": found[:SHOWN],
            }
        )
    )
    console.print(_memory(skeleton, adapters))
    layers = Table("linear layer", "how many", "inputs", "outputs")
    for (name, inputs, outputs), count in anatomy.linear_layers(skeleton).items():
        layers.add_row(name, str(count), str(inputs), str(outputs))
    console.print(layers)
    for adapter in adapters:
        console.print(_pairs(_of_adapter(adapter)))


def _memory(skeleton: Any, adapters: Sequence[anatomy.Adapter]) -> Table:
    table = Table("memory", "parameters", "served in 4 bits", "in bf16")
    rows = [*anatomy.parts(skeleton), *(anatomy.part_of(one) for one in adapters)]
    for row in rows:
        table.add_row(row.name, f"{row.parameters:,}", _size(row.served), _size(row.bf16))
    kept = anatomy.cache_bytes(skeleton.config)
    table.add_row("a full conversation (keys and values)", "", _size(kept), _size(kept), end_section=True)
    parameters = sum(row.parameters for row in rows)
    served, bf16 = kept + sum(row.served for row in rows), kept + sum(row.bf16 for row in rows)
    table.add_row("together", f"{parameters:,}", _size(served), _size(bf16), style="bold")
    return table


def _of_adapter(adapter: anatomy.Adapter) -> dict[str, str]:
    return {
        "adapter": adapter.name,
        "rank, alpha": f"{adapter.rank}, {adapter.alpha}",
        "on": ", ".join(adapter.targets),
        "trained on": adapter.base,
        "licence": adapter.licence or "not stated",
        "fingerprint": adapter.fingerprint[:SHOWN],
        "fits": f"no: {adapter.fits}" if adapter.fits else "yes",
    }


def _merge(options: argparse.Namespace, console: Console) -> None:
    if options.output.exists():
        raise ModelError(f"{options.output} is there already: name another folder")
    source = resolve(options.model)
    _download([source.base, source.merge_adapter, checked_adapter(options.adapter)], console)
    base, adapter = base_folder(source), local_folder(options.adapter)
    ways = [way for way in WAYS if way == "dequantized" or has_original(base)]
    if options.onto not in ways:
        raise ModelError(f"{options.model} is stored in 4 bits and has no original to merge onto: leave --onto out")
    check_adapter(make_skeleton(base), "to merge", adapter)
    tokenizer = load_tokenizer(base)
    with console.status("reading the base in 4 bits, with the adapter beside it"):
        reference = fidelity.next_token_logits(fidelity.unmerged(base, adapter), tokenizer)
        gc.collect()  # the next model needs the memory, here and below
    table = Table("merged", "divergence", "largest difference", "same likeliest token")
    for way in ways:
        with console.status(f"merging {WAYS[way]}"):
            model = merge(base, adapter, way)
            found = fidelity.difference(reference, fidelity.next_token_logits(model, tokenizer))
            if way == options.onto:
                _save(model, base, options.output)
            del model
            gc.collect()
        chosen = way == options.onto
        table.add_row(WAYS[way] + (" (written)" if chosen else ""), *_figures(found), style="bold" if chosen else "")
    with console.status("reading what was written in 4 bits"):
        again = fidelity.next_token_logits(fidelity.in_four_bits(options.output), tokenizer)
    table.add_row("written, in 4 bits again", *_figures(fidelity.difference(reference, again)))
    _say(console, f"Logits after {len(reference)} tokens, against the 4-bit base with the adapter beside it; nats:")
    console.print(table)
    _say(console, f"The merged model is in {options.output}, in bf16. The tutor needs no merging, and loses by it.")


def _save(model: Any, base: Path, output: Path) -> None:
    from safetensors import SafetensorError

    try:
        save_merged(model, base, output)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{output} cannot be written: {first_line(error)}") from error


def _figures(found: fidelity.Difference) -> tuple[str, str, str]:
    return f"{found.divergence:.1e}", f"{found.largest:.2f}", f"{found.same:.1%}"


def _compare(options: argparse.Namespace, console: Console) -> None:
    asked = prompts(options.prompts, options.examples)
    # Everything that can be wrong is looked at before the first model answers for minutes.
    contenders = [contender(name) for name in options.models]
    if options.output and options.output.suffix not in (".md", ".html"):
        raise DataError(f"{options.output}: a page is .md or .html")
    found = Comparison(asked, options.models)
    try:
        for place, (name, one) in enumerate(zip(options.models, contenders, strict=True)):
            ask(found, place, one, partial(track, description=name, console=console, transient=True))
            gc.collect()  # the next model needs the memory
    finally:  # what was answered is shown even where a server breaks off
        if found.answers[0]:
            _show(found, console)
            if options.output:
                write_page(found, options.output)
                _say(console, f"page: {options.output}")


def _show(found: Comparison, console: Console) -> None:
    table = Table(*map(escape, found.header), show_lines=True, expand=True)
    for row in found.rows:
        table.add_row(*map(escape, row))
    console.print(table)
    for line in found.sums:
        _say(console, line)


COMMANDS: dict[str, Callable[[argparse.Namespace, Console], None]] = {
    "prepare": _prepare,
    "info": _info,
    "merge": _merge,
    "compare": _compare,
}


def _download(names: Iterable[str | None], console: Console) -> None:
    """Fetch what is no folder here, with the hub's own bars."""
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    enable_progress_bars()
    for name in filter(None, names):
        if not Path(name).is_dir():
            _say(console, f"looking for {name}")
            local_folder(name)
    disable_progress_bars()


def _pairs(pairs: dict[str, str]) -> Table:
    table = Table(show_header=False)
    for name, value in pairs.items():
        table.add_row(name, Text(value))
    return table


def _size(size: float) -> str:
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, soft_wrap=True)
