"""The demo model at work in a process of its own, as the language model node runs it beside voice and motion."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

CORES = 2
LOADING_SECONDS, ENDING_SECONDS = 300.0, 10.0
QUESTION = "Tell me everything that you know about plants, sunlight, water and the soil."


@contextmanager
def two_cores() -> Iterator[None]:
    """Keep this thread, and the threads and processes that it starts, on two cores, where that can be asked for."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:CORES]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def model_answers() -> Iterator[None]:
    """The demo model answers without a pause until the end.

    Raises:
        RuntimeError: it does not get ready.
    """
    spawning = multiprocessing.get_context("spawn")
    ours, its = spawning.Pipe()
    process = spawning.Process(target=_answer, args=(its,), daemon=True)
    process.start()
    try:
        if not ours.poll(LOADING_SECONDS):
            raise RuntimeError(f"the demo model was not ready after {LOADING_SECONDS:.0f} s")
        yield
    finally:
        ours.send("end")
        process.join(ENDING_SECONDS)
        process.kill()


def _answer(parent: Connection) -> None:
    from phied_robot.language_model.generation import TutorModel
    from phied_robot.language_model.loading import load
    from phied_robot.language_model.sources import resolve

    model = TutorModel(load(resolve("demo", "", "")))
    model.warm_up()
    parent.send("ready")
    seed = 0
    while not parent.poll():
        seed += 1
        model.generate(
            [{"role": "user", "content": QUESTION}],
            "response",
            max_new_tokens=120,
            temperature=1.0,
            seed=seed,
            on_text=lambda _: None,
            cancelled=parent.poll,
        )
