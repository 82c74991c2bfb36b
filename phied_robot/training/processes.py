"""The processes that train together, one on each GPU, as `accelerate launch` starts them; one without a launcher."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

PATIENCE = timedelta(hours=2)
"""How long processes wait for each other; merging an adapter into its base takes minutes."""


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that speaks and writes for all."""
    return os.environ.get("RANK", "0") == "0"


def is_sharded() -> bool:
    """Whether the model is divided among the processes (FSDP), and not held whole by each."""
    return os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def own(device: str) -> str:
    """The torch name of this process's own device, of the kind "cuda" or "cpu"."""
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" and "LOCAL_RANK" in os.environ else device


def keep_to_one_gpu() -> None:
    """Without a launcher, see the first GPU alone: transformers would divide each batch among all that it sees.

    To be called before torch looks for GPUs.
    """
    if count() == 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the first process run the block before all others: it makes files, and says what is wrong, once."""
    if count() == 1:
        yield
        return
    import torch
    from accelerate import PartialState

    with PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE).main_process_first():
        yield
