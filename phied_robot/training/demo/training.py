"""One training loop, for the base and for the adapters."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from phied_robot.training.demo.encoding import IGNORED, Examples

WARM_UP = 0.05
WINDOW = 16
"""A batch is drawn among this many batches of examples of about one length, so that little of it is padding."""
WIDTH_STEP = 64


def train(
    model: Any,
    examples: Examples,
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    say: Callable[[str], None],
    compiled: bool,
    seed: int,
) -> float:
    """Train the parameters that ask for gradients; the mean loss of the last tenth comes back.

    AdamW with beta2 0.98, warm-up and cosine: with a higher rate than 7e-4 the base's loss became NaN in the trial.
    """
    import torch
    from torch.nn import functional

    device = next(model.parameters()).device
    ids, labels = (torch.from_numpy(array) for array in examples)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.98), weight_decay=0.01)

    def loss_of(batch_ids: Any, batch_labels: Any) -> Any:
        # Processors without bf16 arithmetic emulate it, which is slower than fp32 by far.
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = model(input_ids=batch_ids, use_cache=False).logits
        flat = logits[:, :-1].reshape(-1, logits.shape[-1]).float()
        return functional.cross_entropy(flat, batch_labels[:, 1:].reshape(-1), ignore_index=IGNORED)

    step_loss = torch.compile(loss_of) if compiled else loss_of
    random, lengths = np.random.default_rng(seed), (examples.ids != 0).sum(axis=1)
    by_length = np.argsort(lengths, kind="stable")
    began, recent = time.monotonic(), []
    model.train()
    for step in range(steps):
        start = random.integers(0, max(1, len(ids) - WINDOW * batch))
        rows = random.choice(by_length[start : start + WINDOW * batch], batch)
        width = -(-int(lengths[rows].max()) // WIDTH_STEP) * WIDTH_STEP
        scale = min(1.0, (step + 1) / (WARM_UP * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * scale
        loss = step_loss(*(array[rows, :width].to(device).long() for array in (ids, labels)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % max(1, steps // 20) == 0 or step == steps - 1:
            recent.append(loss.item())
            left = (time.monotonic() - began) / (step + 1) * (steps - step - 1)
            say(f"step {step + 1} of {steps}, loss {recent[-1]:.4f}, {left:.0f} s left")
    model.eval()
    return float(np.mean(recent[-2:]))
