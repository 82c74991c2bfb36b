"""Choosing the next token from logits, on the device that made them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen.

    Args:
        temperature: 0 takes the likeliest token; otherwise the logits are divided by it.
        top_p: only the likeliest tokens whose probabilities add up to it are drawn from.
        repetition_penalty: logits of tokens that the prompt or the answer already has are divided by it (multiplied
            where negative), as transformers does.
        seed: the same seed gives the same answer on the same device.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0


class Chooser:
    """Chooses the tokens of one answer; its tensors stay where they are, so that a CUDA graph can hold `choose`."""

    def __init__(self, vocabulary: int, device: str) -> None:
        """Make the state for logits of shape (vocabulary,)."""
        import torch

        self._seen = torch.zeros(vocabulary, dtype=torch.bool, device=device)
        self._noise = torch.ones(vocabulary, device=device)
        self._settings = torch.ones(3, device=device)  # temperature, top_p, repetition_penalty
        self._random = torch.Generator(device)
        self.greedy = True

    def begin(self, sampling: Sampling, prompt: list[int]) -> None:
        """Start an answer to a prompt."""
        import torch

        self.greedy = sampling.temperature == 0
        self._random.manual_seed(sampling.seed % 2**63)
        settings = [sampling.temperature or 1.0, sampling.top_p, sampling.repetition_penalty]
        self._settings.copy_(torch.tensor(settings))
        self._seen.zero_()
        if sampling.repetition_penalty != 1:
            self._seen[torch.tensor(prompt, device=self._seen.device)] = True

    def draw(self) -> None:
        """Make the randomness of the next token; outside of any graph."""
        if not self.greedy:
            self._noise.exponential_(generator=self._random)

    def choose(self, logits: Any, *, greedy: bool) -> Any:
        """The next token, of shape (1,), from float32 logits; it counts as seen from now on."""
        import torch

        temperature, top_p, penalty = self._settings
        penalized = torch.where(logits > 0, logits / penalty, logits * penalty)
        logits = torch.where(self._seen, penalized, logits)
        if greedy:
            token = logits.argmax(dim=-1, keepdim=True)
        else:
            ordered, order = (logits / temperature).softmax(dim=-1).sort(descending=True)
            before = ordered.cumsum(dim=-1) - ordered
            kept = torch.where(before < top_p, ordered, 0.0)
            token = order[(kept / self._noise).argmax(dim=-1, keepdim=True)]  # as torch.multinomial draws one
        self._seen.index_fill_(0, token, True)
        return token
