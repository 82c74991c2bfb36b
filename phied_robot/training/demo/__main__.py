"""Make the bundled demo model: `python -m phied_robot.training.demo --output phied_robot/models/demo`.

Draws examples from the repository's own text, learns a tokenizer, trains the base, stores it in 4 bit, trains both
adapters on the 4-bit base (QLoRA), and measures them on lessons that training never saw.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from phied_robot.training.demo import network
from phied_robot.training.demo.corpus import Corpus, read_corpus, texts
from phied_robot.training.demo.encoding import Task, draw_examples
from phied_robot.training.demo.evaluation import evaluate
from phied_robot.training.demo.tokenizer import train_tokenizer
from phied_robot.training.demo.training import train

SEED = 7
ADAPTERS_SHARE = {"strategy": 4, "response": 2}
"""The base's examples are so many times those of each adapter."""
BEGAN = time.monotonic()


def main() -> None:
    """Run all stages."""
    options = _options()
    import torch
    from transformers import AutoTokenizer, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.manual_seed(SEED)
    torch.set_float32_matmul_precision("high")
    output = options.output
    output.mkdir(parents=True, exist_ok=True)
    compiled = torch.cuda.is_available()
    training_corpus, evaluation_corpus = read_corpus()

    tokenizer = _tokenizer(options.start_from, training_corpus)
    tokenizer.save_pretrained(output)

    say(f"base: {options.examples} examples")
    examples = draw_examples("base", options.examples, str(output), SEED)
    base = network.unquantized(options.start_from) if options.start_from else network.new_base(tokenizer)
    say(f"base: {sum(one.numel() for one in base.parameters()) / 1e6:.1f} M parameters")
    if compiled:
        base.cuda()
    train(
        base,
        examples,
        steps=options.steps,
        batch=options.batch,
        learning_rate=7e-4,
        say=say,
        compiled=compiled,
        seed=SEED,
    )
    with tempfile.TemporaryDirectory() as folder:
        base.to(torch.bfloat16).save_pretrained(folder, save_original_format=False)
        network.quantize(Path(folder), output)

    adapters: tuple[Task, Task] = ("strategy", "response")
    for task in adapters:
        say(f"adapter {task}")
        examples = draw_examples(task, options.examples // ADAPTERS_SHARE[task], str(output), SEED + 1)
        model = network.with_new_adapter(network.load_quantized(output), task)
        steps = max(1, options.steps // (10 if task == "strategy" else 3))
        train(model, examples, steps=steps, batch=options.batch, learning_rate=2e-3, say=say, compiled=False, seed=SEED)
        network.save_adapter(model, task, output / "adapters")

    say("evaluation")
    scores = evaluate(
        _served(output),
        AutoTokenizer.from_pretrained(output),
        evaluation_corpus,
        scenes_per_situation=options.scenes,
        seed=SEED,
    )
    (output / "evaluation.json").write_text(json.dumps(scores, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, value in scores.items():
        say(
            f"{name}: {value:.3f}"
            if isinstance(value, float)
            else f"{name}: {json.dumps(value, ensure_ascii=False)[:3000]}"
        )


def say(sentence: str) -> None:
    """A line of progress."""
    print(f"[{time.monotonic() - BEGAN:6.1f} s] {sentence}", flush=True)


def _tokenizer(start_from: Path | None, corpus: Corpus) -> Any:
    """Learned from the training texts alone: a token that training never meets cannot be copied."""
    from transformers import AutoTokenizer

    if start_from:
        return AutoTokenizer.from_pretrained(start_from)
    say("tokenizer")
    framing = json.dumps([corpus.frames, corpus.utterances], ensure_ascii=False)
    return train_tokenizer([*(text for lesson in corpus.lessons for text in texts(lesson)), *framing.split('"')])


def _served(folder: Path) -> Any:
    from peft import PeftModel

    model = PeftModel.from_pretrained(
        network.load_quantized(folder), folder / "adapters" / "strategy", adapter_name="strategy"
    )
    model.load_adapter(folder / "adapters" / "response", adapter_name="response")
    return model.eval()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m phied_robot.training.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for the model, its adapters and its scores")
    parser.add_argument(
        "--start-from", type=Path, metavar="FOLDER", help="train a finished demo model further (default: from nothing)"
    )
    parser.add_argument("--steps", type=int, default=4000, help="training steps of the base (default: 4000)")
    parser.add_argument("--batch", type=int, default=256, help="examples a step (default: 256)")
    parser.add_argument("--examples", type=int, default=400_000, help="examples drawn for the base (default: 400000)")
    parser.add_argument("--scenes", type=int, default=20, help="scenes a situation in the evaluation (default: 20)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
