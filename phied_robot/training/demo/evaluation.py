"""What the demo model can do, on lessons that it never saw: the held-out topics."""

import random
from collections import Counter, defaultdict
from typing import Any

from phied_robot.pedagogy.strategies import BY_LABEL, codes, from_codes
from phied_robot.training.demo.corpus import Corpus
from phied_robot.training.demo.encoding import encode
from phied_robot.training.demo.examples import SITUATIONS, Scene, draw_scene, lesson_words

BATCH = 32


def evaluate(model: Any, tokenizer: Any, corpus: Corpus, *, scenes_per_situation: int, seed: int) -> dict[str, Any]:
    """Measure both adapters of a PEFT model; shares from 0 to 1."""
    rng = random.Random(seed)
    scenes = [draw_scene(corpus, rng, situation=name) for name in SITUATIONS for _ in range(scenes_per_situation)]
    model.set_adapter("strategy")
    chosen = _choices(model, tokenizer, scenes)
    model.set_adapter("response")
    answers = _answers(model, tokenizer, scenes)
    return {**_strategy_scores(scenes, chosen), **_answer_scores(scenes, answers), "samples": _samples(scenes, answers)}


def _strategy_scores(scenes: list[Scene], chosen: list[dict[str, float]]) -> dict[str, Any]:
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    fitting = 0
    for scene, distribution in zip(scenes, chosen, strict=True):
        label = max(distribution, key=lambda one: distribution[one])
        confusion[scene.situation][label] += 1
        fitting += label in SITUATIONS[scene.situation][1]
    return {"strategy_fits": fitting / len(scenes), "chosen": {name: dict(row) for name, row in confusion.items()}}


def _answer_scores(scenes: list[Scene], answers: list[str]) -> dict[str, float]:
    grounded, unknown, unknown_wrongly, hidden = [], [], [], []
    for scene, text in zip(scenes, answers, strict=True):
        if scene.situation == "outside":
            unknown.append("not know" in text)
        elif scene.fact is not None:
            grounded.append(list(lesson_words(scene).values())[-1] in text)
            unknown_wrongly.append("not know" in text)
            if not BY_LABEL[scene.strategy].reveals_answer:
                hidden.append(scene.fact.text not in text)
    introvert = [text for scene, text in zip(scenes, answers, strict=True) if scene.manner == "introvert"]
    extravert = [text for scene, text in zip(scenes, answers, strict=True) if scene.manner == "extravert"]
    return {
        "right_sentence_word_for_word": _share(grounded),
        "says_unknown_outside": _share(unknown),
        "says_unknown_inside": _share(unknown_wrongly),
        "answer_not_given_away": _share(hidden),
        "exclamation_extravert": _share(["!" in text for text in extravert]),
        "exclamation_introvert": _share(["!" in text for text in introvert]),
    }


def _choices(model: Any, tokenizer: Any, scenes: list[Scene]) -> list[dict[str, float]]:
    import torch

    tokens = [tokenizer.encode(code, add_special_tokens=False)[0] for code in codes()]
    distributions = []
    for scene in scenes:
        ids, _ = encode(tokenizer, scene.strategy_prompt(), "")
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids], device=model.device), logits_to_keep=1).logits[0, -1]
        probabilities = torch.softmax(logits[tokens].float(), -1).tolist()
        distributions.append(from_codes(dict(zip(codes(), probabilities, strict=True))))
    return distributions


def _answers(model: Any, tokenizer: Any, scenes: list[Scene]) -> list[str]:
    import torch

    tokenizer.padding_side = "left"
    texts = []
    for start in range(0, len(scenes), BATCH):
        prompts = [encode(tokenizer, scene.response_prompt(), "")[0] for scene in scenes[start : start + BATCH]]
        padded = tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(model.device)
        with torch.inference_mode():
            out = model.generate(**padded, max_new_tokens=80, do_sample=False)
        texts += tokenizer.batch_decode(out[:, padded["input_ids"].shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]


def _samples(scenes: list[Scene], answers: list[str]) -> list[dict[str, str]]:
    return [
        {"situation": one.situation, "manner": one.manner, "strategy": one.strategy, "heard": one.heard, "answer": text}
        for one, text in list(zip(scenes, answers, strict=True))[::5]
    ]


def _share(values: list[bool]) -> float:
    return sum(values) / max(1, len(values))
