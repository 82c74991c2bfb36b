"""Measures training: the seed guide's recipe and ours on the same examples, each in a process of its own.

A process of its own gives each its own peak of memory, and a GPU that the other has left.
"""

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from phied_robot.configuration import config_path
from phied_robot.language_model.loading import quiet_libraries, threads_for
from phied_robot.language_model.prefix import CONTEXT
from phied_robot.language_model.sources import ModelError
from phied_robot.language_model.weights import load_tokenizer, make_skeleton
from phied_robot.training.configuration import Configuration, Task
from phied_robot.training.encoding import Encoded, read_part
from phied_robot.training.processes import keep_to_one_gpu

Recipe = Literal["seed", "ours"]
WARM_UP = 1
"""Steps that are not measured."""


@dataclass(frozen=True)
class Job:
    """What both recipes do: one pass over the examples in `train`, then a look at those in `held_out`."""

    base: Path
    task: Task
    train: Path
    held_out: Path
    settings: Path
    device: str


@dataclass(frozen=True)
class Measured:
    """What came of a recipe.

    supervised: tokens of answers a second, padding and prompts not counted; after the first step.
    memory: GiB at most; of the GPU, or of the process.
    before, after: loss a token of held-out answers, in nats.
    seconds: of all steps but the first.
    """

    examples: int
    steps: int
    trainable: int
    seconds: float
    supervised: float
    memory: float
    before: float
    after: float


def run_alone(recipe: Recipe, job: Job, progress: Callable[[int, int], None]) -> Measured:
    """Train by a recipe in a process of its own; `progress` is told the steps done and all steps.

    Raises:
        ModelError: the process ended without a result, as it does where memory runs out.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(recipe, job, sender), daemon=True)
    process.start()
    sender.close()
    try:
        while True:
            said = receiver.recv()
            if isinstance(said, tuple):
                progress(*said)
                continue
            process.join()
            if isinstance(said, str):
                raise ModelError(f"{recipe}: {said}")
            assert isinstance(said, Measured)
            return said
    except EOFError:
        process.join()
        raise ModelError(f"{recipe}: the process ended with code {process.exitcode}") from None
    finally:
        process.kill()


def held_out_loss(model: Any, examples: Sequence[Encoded]) -> float:
    """The loss a token over what is to be learned, in nats: prompts are read and not counted."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import cross_entropy

    total, tokens = 0.0, 0
    model.eval()
    quick = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]  # cuDNN plans every length
    with torch.no_grad(), sdpa_kernel(quick):
        for one in examples:
            ids = torch.tensor([one.prompt + one.learned], device=model.device)
            logits = model(input_ids=ids).logits[0, len(one.prompt) - 1 : -1]
            total += float(cross_entropy(logits.float(), ids[0, len(one.prompt) :], reduction="sum"))
            tokens += len(one.learned)
    return total / tokens


def _child(recipe: Recipe, job: Job, sender: Connection) -> None:
    keep_to_one_gpu()
    import torch

    try:
        quiet_libraries()
        sender.send(measure(recipe, job, lambda done, steps: sender.send((done, steps))))
    except torch.OutOfMemoryError:
        sender.send("out of memory")
    except ValueError as error:
        sender.send(str(error))


def measure(recipe: Recipe, job: Job, progress: Callable[[int, int], None]) -> Measured:
    """Train by a recipe, in this process; `progress` is told the steps done and all steps."""
    import torch

    from phied_robot.training.recipe import total_steps
    from phied_robot.training.records import peak_memory_gib

    skeleton = make_skeleton(job.base)
    if job.device == "cpu":
        torch.set_num_threads(threads_for(skeleton))
    tokenizer = load_tokenizer(job.base)
    held_out = read_part([job.held_out], job.task, tokenizer, _room(skeleton)).encoded
    counter = _Counter()
    with tempfile.TemporaryDirectory() as scratch:
        prepare = _seed if recipe == "seed" else _ours
        trainer, examples = prepare(job, tokenizer, skeleton, Path(scratch), counter)
        before = held_out_loss(trainer.model, held_out)
        watch = _stopwatch(counter, total_steps(trainer), job.device, progress)
        trainer.add_callback(watch)
        trainer.train()
    memory = peak_memory_gib()
    (_, begin, learned_before), *_, (steps, end, learned) = watch.times[WARM_UP - 1 :]
    return Measured(
        examples=examples,
        steps=steps,
        trainable=sum(one.numel() for one in trainer.model.parameters() if one.requires_grad),
        seconds=end - begin,
        supervised=(learned - learned_before) / (end - begin),
        memory=memory,
        before=before,
        after=held_out_loss(trainer.model, held_out),
    )


def _seed(job: Job, tokenizer: Any, skeleton: Any, scratch: Path, counter: "_Counter") -> tuple[Any, int]:
    from transformers import PrinterCallback

    from phied_robot.bench.seed_training import load_adapted, make_seed_trainer

    part = read_part([job.train], job.task, tokenizer, _room(skeleton))
    model = load_adapted(job.base, job.device)
    trainer = make_seed_trainer(model, tokenizer, part.encoded, scratch, counter.counting)
    trainer.remove_callback(PrinterCallback)
    return trainer, len(part.encoded)


def _ours(job: Job, tokenizer: Any, skeleton: Any, scratch: Path, counter: "_Counter") -> tuple[Any, int]:
    from phied_robot.training.adapting import make_adapted
    from phied_robot.training.recipe import precision
    from phied_robot.training.trainer import make_trainer

    configuration = our_settings(job, scratch)
    part = read_part([job.train], job.task, tokenizer, configuration.max_tokens)
    dtype = precision(job.device)
    model = make_adapted(job.base, configuration, job.device, dtype)
    trainer = make_trainer(model, tokenizer, configuration, part, None, scratch, dtype, callbacks=[])
    trainer.data_collator = counter.counting(
        trainer.data_collator, lambda rows: sum(label >= 0 for row in rows for label in row["labels"])
    )
    return trainer, len(part.encoded)


def our_settings(job: Job, output: Path) -> Configuration:
    """The settings that come with the package, for one pass over the job's examples."""
    import yaml

    chosen = yaml.safe_load(job.settings.read_text(encoding="utf-8"))
    chosen.pop("steps", None)
    paths = {"base": str(job.base), "train": job.train, "validation": job.held_out, "output": output}
    return Configuration.model_validate({**chosen, **paths, "epochs": 1, "device": job.device})


def settings_for(model: str, task: Task) -> Path:
    """The configuration file that comes with the package for the demo model, or for a larger one."""
    return config_path(f"training/{'demo_' if model == 'demo' else ''}{task}.yaml")


def _room(skeleton: Any) -> int:
    return min(CONTEXT, int(skeleton.config.max_position_embeddings))


class _Counter:
    """Adds up the tokens of answers in all batches so far."""

    def __init__(self) -> None:
        self.tokens = 0

    def counting(self, collate: Callable[[Any], Any], count: Callable[[Any], int]) -> Callable[[Any], Any]:
        """A collator that counts in its features what it puts together."""

        def collate_and_count(features: Any) -> Any:
            self.tokens += count(features)
            return collate(features)

        return collate_and_count


def _stopwatch(counter: _Counter, steps: int, device: str, progress: Callable[[int, int], None]) -> Any:
    import torch
    from transformers import TrainerCallback

    class Stopwatch(TrainerCallback):  # type: ignore[misc]
        """Notes, after each step, its number, the time, and the tokens of answers so far."""

        def __init__(self) -> None:
            self.times: list[tuple[int, float, int]] = []

        def on_step_end(self, _arguments: Any, state: Any, _control: Any, **_more: Any) -> None:
            if device == "cuda":
                torch.cuda.synchronize()
            self.times.append((state.global_step, perf_counter(), counter.tokens))
            progress(state.global_step, steps)

    return Stopwatch()
