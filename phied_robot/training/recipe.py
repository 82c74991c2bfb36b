"""The training recipe: from a configuration to an adapter with its card. Everything else in this room is a part of it.

1. Check the base, read and encode the data, claim the output folder.
2. Say what is going to happen: memory, rows, three examples as supervised.
3. Train on the 4-bit base; out of memory: half the batch, twice the accumulation, on from the last checkpoint.
4. Keep the best checkpoint's adapter, its card and its curves.
"""

import gc
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phied_robot.language_model.adapters import WEIGHTS
from phied_robot.language_model.four_bit import is_slow
from phied_robot.language_model.loading import choose_device, quiet_libraries, threads_for
from phied_robot.language_model.memory import GIB, check_memory, free_memory
from phied_robot.language_model.merging import base_folder
from phied_robot.language_model.sources import resolve
from phied_robot.language_model.weights import load_tokenizer, make_skeleton
from phied_robot.training.adapting import check_targets, make_adapted
from phied_robot.training.card import write_card
from phied_robot.training.checkpoints import CHECKPOINTS, claim, last_whole, step_of
from phied_robot.training.configuration import Configuration, Task, TrainingError
from phied_robot.training.encoding import Part, as_text, drawn, first_few, read_part
from phied_robot.training.memory import base_bytes, estimate
from phied_robot.training.processes import count, first_before_others, is_first, is_sharded, keep_to_one_gpu
from phied_robot.training.records import Records
from phied_robot.training.screen import Clock, ProgressView, Screen

EXAMPLES_SHOWN = 3


@dataclass(frozen=True)
class Run:
    """What stays the same when a run is interrupted and goes on."""

    task: Task
    base: Path
    tokenizer: Any
    train: Part
    validation: Part
    checkpoints: Path
    device: str


def train(task: Task, configuration: Configuration, screen: Screen) -> Path:
    """Train an adapter; the folder that holds it comes back. An interrupted run goes on where it was.

    Raises:
        TrainingError: training cannot begin or go on; what was saved before stays.
        ModelError: something is wrong with the base.
        DataError: a data file breaks the format.
    """
    keep_to_one_gpu()
    quiet_libraries()
    with first_before_others():
        run = _prepare(task, configuration, screen)
    batched = configuration
    while (halved := _attempt(run, batched, screen)) is not None:
        batched = halved
        screen.say(
            f"Out of memory: going on with batch {batched.batch} and accumulation {batched.accumulation}, "
            "which learns the same."
        )
    screen.say(f"The adapter is in {configuration.output}, described in its README.md.")
    return configuration.output


def _prepare(task: Task, configuration: Configuration, screen: Screen) -> Run:
    import torch

    device = choose_device(configuration.device)
    if is_sharded() and precision(device) == torch.float16:
        raise TrainingError("this GPU has no bfloat16, in which a divided model computes: train without FSDP")
    source = resolve(configuration.base)
    if source.merge_adapter is not None:
        screen.say(f"Merging {configuration.base} into {source.base}, once ...")
    base = base_folder(source)
    skeleton = make_skeleton(base)
    check_targets(skeleton)
    check_memory(base_bytes(skeleton, device), device, "the base")
    if device == "cpu":
        torch.set_num_threads(threads_for(skeleton))
    if is_slow(device):
        screen.say(
            "This processor is slow at 4 bits (it has no AVX512-BF16): the base's 4-bit values are kept in float32."
        )
    tokenizer = load_tokenizer(base)
    train = read_part(configuration.train, task, tokenizer, configuration.max_tokens)
    validation = read_part(configuration.validation, task, tokenizer, configuration.max_tokens)
    validation = drawn(validation, configuration.validation_examples, configuration.seed)
    checkpoints = claim(task, configuration, train, validation)
    for name, part in (("train", train), ("validation", validation)):
        others = f"; {part.undrawn} more are not used" if part.undrawn else ""
        others += f"; {part.others} of the other adapter left out" if part.others else ""
        screen.say(f"{name}: {len(part.encoded)} examples, {part.learned_tokens} supervised tokens{others}")
        if part.too_long:
            screen.say(f"{name}: {len(part.too_long)} too long, left out:")
            for sentence in first_few(part.too_long):
                screen.say(f"  {sentence}")
    needed = estimate(skeleton, configuration, device)
    free = free_memory(device)
    screen.say(f"Memory: {needed}; {free / GIB:.1f} GiB are free.")
    if needed.total > free:
        screen.say("That may not fit. If memory runs out, the batch is halved and the accumulation doubled.")
    screen.say(f"{EXAMPLES_SHOWN} examples as the model sees them; what it learns stands between » and «:\n")
    shown = random.Random(configuration.seed).sample(train.encoded, min(EXAMPLES_SHOWN, len(train.encoded)))
    for one in shown:
        screen.show_example(*as_text(one, tokenizer))
    return Run(task, base, tokenizer, train, validation, checkpoints, device)


def _attempt(run: Run, configuration: Configuration, screen: Screen) -> Configuration | None:
    """Train to the end; or, where memory runs out, give the configuration to go on with."""
    import torch

    try:
        _train(run, configuration, screen)
        return None
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        halved = _halved(configuration, run.device)
    gc.collect()
    if run.device == "cuda":
        torch.cuda.empty_cache()
    return halved


def _halved(configuration: Configuration, device: str) -> Configuration:
    batch = configuration.batch
    if count() > 1 and batch > 1:  # the other processes are in the midst of a step, and wait for this one
        raise TrainingError(
            f"out of memory on {device}: several processes cannot change their batch on the way; "
            "halve 'batch', double 'accumulation', and name another output"
        )
    if batch == 1:
        raise TrainingError(
            f"out of memory on {device} with one row of {configuration.max_tokens} tokens: lower 'max_tokens', "
            "switch 'gradient_checkpointing' on, or take a smaller base"
        )
    smaller = batch // 2 if batch % 2 == 0 else 1
    accumulation = configuration.accumulation * (batch // smaller)
    return configuration.model_copy(update={"batch": smaller, "accumulation": accumulation})


def _train(run: Run, configuration: Configuration, screen: Screen) -> None:
    """One attempt: from the last checkpoint, or from the start, to the finished adapter."""
    from phied_robot.training.trainer import make_trainer
    from phied_robot.training.watching import Watcher

    dtype = precision(run.device)
    model = make_adapted(run.base, configuration, run.device, dtype)
    trainer = make_trainer(
        model, run.tokenizer, configuration, run.train, run.validation, run.checkpoints, dtype, callbacks=[]
    )
    resumed = last_whole(run.checkpoints)
    done = step_of(resumed) if resumed else 0
    steps = total_steps(trainer)
    if resumed:
        screen.say(f"Going on after step {done}.")
    together = f"{count()} x " if count() > 1 else ""
    screen.say(
        f"{steps} steps of {together}{configuration.accumulation} x {configuration.batch} rows of "
        f"{configuration.max_tokens} tokens, on {together}{run.device} in {str(dtype).removeprefix('torch.')}; "
        f"{len(trainer.train_dataset)} rows hold the training data."
    )
    if not is_first():
        trainer.train(resume_from_checkpoint=resumed and str(resumed))
        return
    records = Records(configuration.output, done)
    clock = Clock(steps, done, configuration.evaluate_every)
    try:
        with ProgressView(screen, clock, steps) as view:
            trainer.add_callback(Watcher(records, clock, view, screen))
            trainer.train(resume_from_checkpoint=resumed and str(resumed))
    except TrainingError as error:
        raise TrainingError(f"{error}; {_what_is_kept(run.checkpoints)}") from error
    except OSError as error:
        raise TrainingError(f"{configuration.output} cannot be written: {error}") from error
    _finish(run, configuration, trainer, records)


def precision(device: str) -> Any:
    """In which torch dtype to compute: bfloat16 or float16 by the GPU, float32 on the CPU."""
    import torch

    if device == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def total_steps(trainer: Any) -> int:
    """Optimizer steps of a run."""
    return int(trainer.set_initial_training_values(trainer.args, trainer.get_train_dataloader())[-1])


def _what_is_kept(checkpoints: Path) -> str:
    whole = last_whole(checkpoints)
    if whole is None:
        return "no checkpoint was written before"
    return f"the last good checkpoint is {whole}, which can be used as an adapter"


def _finish(run: Run, configuration: Configuration, trainer: Any, records: Records) -> None:
    output = configuration.output
    best = Path(trainer.state.best_model_checkpoint)
    device = f"{count()} x {run.device}" if count() > 1 else run.device
    records.draw()
    write_card(output, run.task, configuration, run.train, run.validation, records.lines, device)
    shutil.copy(best / "adapter_config.json", output)
    shutil.copy(best / WEIGHTS, output / f".{WEIGHTS}.part")
    (output / f".{WEIGHTS}.part").rename(output / WEIGHTS)  # the mark of a finished run
    shutil.rmtree(output / CHECKPOINTS)
