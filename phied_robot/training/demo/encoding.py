"""Examples as arrays of token ids, drawn by several processes."""

import multiprocessing
import os
import random
from typing import Any, Literal, NamedTuple

import numpy as np

from phied_robot.pedagogy.prompts import Message
from phied_robot.training.demo.corpus import read_corpus
from phied_robot.training.demo.examples import answer, bare_answer, draw_scene

Task = Literal["base", "strategy", "response"]
LENGTH = 448
"""Longest example in tokens: a prompt of three notes and four exchanges, and its answer."""

IGNORED = -100
STRATEGY_SHARE, BARE_SHARE = 0.2, 0.4
"""Of the base's examples: those that choose a strategy, and of the others those that copy without a frame."""
MADE_UP = {"base": 0.6, "strategy": 0.3, "response": 0.5}


class Examples(NamedTuple):
    """ids, labels: int16 (n, LENGTH). ids are padded with 0 on the right; what is not learned is labelled IGNORED."""

    ids: np.ndarray
    labels: np.ndarray


def draw_examples(task: Task, number: int, tokenizer_folder: str, seed: int) -> Examples:
    """Draw `number` examples of a task on all cores; the same seed gives the same examples on any machine."""
    shard = 2_000
    jobs = [
        (task, min(shard, number - start), tokenizer_folder, seed * 1_000_003 + start)
        for start in range(0, number, shard)
    ]
    with multiprocessing.get_context("spawn").Pool(min(os.cpu_count() or 1, len(jobs))) as pool:
        parts = pool.starmap(_draw_shard, jobs)
    return Examples(np.concatenate([part.ids for part in parts]), np.concatenate([part.labels for part in parts]))


def _draw_shard(task: Task, number: int, tokenizer_folder: str, seed: int) -> Examples:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    corpus, _ = read_corpus()
    rng = random.Random(seed)
    ids = np.zeros((number, LENGTH), np.int16)
    labels = np.full((number, LENGTH), IGNORED, np.int16)
    row = 0
    while row < number:
        scene = draw_scene(corpus, rng, made_up=MADE_UP[task])
        if task == "strategy" or (task == "base" and rng.random() < STRATEGY_SHARE):
            prompt, completion = scene.strategy_prompt(), scene.code
        elif task == "base" and rng.random() < BARE_SHARE:
            prompt, completion = scene.response_prompt(), bare_answer(scene) or "I do not know."
        else:
            prompt, completion = scene.response_prompt(), answer(corpus, scene, rng)
        prompt_ids, completion_ids = encode(tokenizer, prompt, completion)
        tokens = prompt_ids + completion_ids
        if len(tokens) > LENGTH:
            continue
        ids[row, : len(tokens)] = tokens
        # Never the prompt: made-up notes cannot be foretold, and would drown what copying has to teach.
        labels[row, len(prompt_ids) : len(tokens)] = completion_ids
        row += 1
    return Examples(ids, labels)


def encode(tokenizer: Any, prompt: list[Message], completion: str) -> tuple[list[int], list[int]]:
    """Token ids of a prompt with the generation mark, and of the completion with its end."""
    prompt_ids = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
    return prompt_ids, tokenizer.encode(f"{completion}<|end|>", add_special_tokens=False)
