"""How much memory a training run needs, before it is tried."""

from dataclasses import dataclass
from typing import Any

from phied_robot.language_model.adapters import TARGETS
from phied_robot.language_model.four_bit import is_slow
from phied_robot.language_model.memory import GIB, WORKSPACE, bytes_in_float32, bytes_in_nf4
from phied_robot.training.configuration import Configuration

FLOAT = 4
ADAM_8_BIT = 2
ADAM = 8


@dataclass(frozen=True)
class Estimate:
    """Bytes by what they are for."""

    base: float
    adapter: float
    optimizer: float
    activations: float

    @property
    def total(self) -> float:
        """All of it, with room to work in."""
        return self.base + self.adapter + self.optimizer + self.activations + WORKSPACE

    def __str__(self) -> str:
        """One line, in GiB."""
        parts = {
            "base": self.base,
            "adapter and its gradients": self.adapter,
            "optimizer": self.optimizer,
            "activations": self.activations,
            "workspace": WORKSPACE,
        }
        named = ", ".join(f"{name} {size / GIB:.2f}" for name, size in parts.items())
        return f"about {self.total / GIB:.1f} GiB ({named})"


def base_bytes(skeleton: Any, device: str) -> float:
    """The memory of a base as it is trained on, with room to work in."""
    return bytes_in_float32(skeleton) if is_slow(device) else bytes_in_nf4(skeleton)


def estimate(skeleton: Any, configuration: Configuration, device: str) -> Estimate:
    """The memory of a run.

    An adapter's matrices and gradients are float32; AdamW keeps 8 bits twice a weight on a GPU, 32 bits on the CPU.
    Activations: with checkpointing each layer keeps its input, and one layer at a time keeps all else.

    Args:
        skeleton: the base without weights.
        configuration: gives rank, batch, length and checkpointing.
        device: "cuda" or "cpu".
    """
    config = skeleton.config
    layers, hidden, inner = config.num_hidden_layers, config.hidden_size, config.intermediate_size
    sizes = [
        module.in_features + module.out_features
        for name, module in skeleton.named_modules()
        if name.rsplit(".", 1)[-1] in TARGETS
    ]
    weights = configuration.rank * sum(sizes)
    tokens = configuration.batch * configuration.max_tokens
    width = 2 if device == "cuda" else FLOAT
    # By module: its input and output in the compute type, the adapter's (dropped) input in float32, and the norms.
    inside = tokens * (width * (12 * hidden + 5 * inner) + 2 * FLOAT * (3 * hidden + inner))
    between = tokens * hidden * width
    kept = layers * between + inside if configuration.gradient_checkpointing else layers * inside
    return Estimate(
        base=base_bytes(skeleton, device) - WORKSPACE,
        adapter=2 * FLOAT * weights,
        optimizer=weights * (ADAM_8_BIT if device == "cuda" else ADAM),
        activations=kept,
    )
