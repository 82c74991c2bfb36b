"""The tutor's model at work: streaming an answer, or scoring the codes of a choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from phied_robot.language_model.chat import Message, encode, next_token_of
from phied_robot.language_model.detokenization import Detokenizer
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.sources import ModelError

CONTEXT = 4_096
"""Phi-3-128k changes its rotary factors beyond this many tokens, and its cache with them."""
PREFILL_CHUNK = 256
"""Tokens of a prompt between two looks at `cancelled`; smaller ones cost time (300 tokens of the 17 M model on one
thread: 120 ms in one piece, 140 ms in pieces of 128)."""


class CancelledError(Exception):
    """Nobody waits for the job any more."""


@dataclass(frozen=True)
class Generation:
    """An answer. `tokens` counts those generated; what was generated before a cancellation is there too."""

    text: str
    tokens: int
    seconds_to_first_token: float
    cancelled: bool


class TutorModel:
    """Owns a loaded model. Not thread-safe: one worker uses it."""

    def __init__(self, loaded: LoadedModel) -> None:
        """Take over a model."""
        self._tokenizer = loaded.tokenizer
        self._adapted = loaded.model if loaded.adapters else None
        self._model = loaded.model.base_model.model if loaded.adapters else loaded.model
        self._adapters = loaded.adapters
        self._device = loaded.device
        self._stops = _stop_tokens(self._model, self._tokenizer)
        self._choice_tokens: dict[tuple[str, ...], list[int]] = {}
        self.context = min(self._model.config.max_position_embeddings, CONTEXT)

    def generate(
        self,
        messages: list[Message],
        adapter: str,
        *,
        max_new_tokens: int,
        temperature: float,
        seed: int,
        on_text: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Generation:
        """Answer a chat.

        Args:
            messages: role and content of each message; old exchanges are dropped where they do not fit.
            adapter: "strategy" or "response"; the plain base answers for one that is not loaded.
            max_new_tokens: longest answer.
            temperature: 0 is greedy; otherwise the logits are divided by it.
            seed: of the sampling; the same seed gives the same answer.
            on_text: told each new piece of text as soon as it is stable.
            cancelled: asked before every token.

        Raises:
            ModelError: the messages do not fit the context, or memory ran out.
        """
        import torch

        began = perf_counter()
        prompt = encode(self._tokenizer, messages, self.context - max_new_tokens)
        detokenizer = Detokenizer(self._tokenizer)
        random = torch.Generator().manual_seed(seed % 2**63)
        pieces: list[str] = []
        tokens, first = 0, 0.0

        def give(text: str) -> None:
            if text:
                pieces.append(text)
                on_text(text)

        with self._running(adapter):
            try:
                logits, cache = self._prefill(prompt, cancelled)
                while True:
                    token = _choose(logits, temperature, random)
                    tokens += 1
                    first = first or perf_counter() - began
                    if token in self._stops:
                        break
                    give(detokenizer.add(token))
                    if tokens == max_new_tokens:
                        break
                    if cancelled():
                        raise CancelledError
                    logits = self._forward([token], cache)
            except CancelledError:
                return Generation("".join(pieces), tokens, first, cancelled=True)
        give(detokenizer.finish())
        return Generation("".join(pieces), tokens, first, cancelled=False)

    def score(
        self,
        messages: list[Message],
        adapter: str,
        choices: list[str],
        *,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> dict[str, float]:
        """The probability that the answer is each of the choices, given that it is one of them.

        Args:
            messages: as for `generate`.
            adapter: as for `generate`.
            choices: codes of one token each, all different.
            cancelled: asked between pieces of the prompt.

        Returns:
            A probability for each choice, in their order; they sum to 1.

        Raises:
            ModelError: a choice is not a single token of its own, or as for `generate`.
            CancelledError: `cancelled` turned true.
        """
        key = tuple(choices)
        if key not in self._choice_tokens:
            self._choice_tokens[key] = next_token_of(self._tokenizer, choices)
        prompt = encode(self._tokenizer, messages, self.context - 1)
        with self._running(adapter):
            logits, _cache = self._prefill(prompt, cancelled)
        probabilities = logits[self._choice_tokens[key]].softmax(dim=-1).tolist()
        return dict(zip(choices, probabilities, strict=True))

    def warm_up(self) -> None:
        """Run every adapter once, so that the first child does not wait for it.

        Raises:
            ModelError: the model gives no finite numbers.
        """
        prompt = encode(self._tokenizer, [{"role": "user", "content": "Hello!"}], self.context - 1)
        for adapter in self._adapters or ("",):
            with self._running(adapter):
                logits, cache = self._prefill(prompt, lambda: False)
                logits = self._forward([int(logits.argmax())], cache)
            if not logits.isfinite().all():
                raise ModelError("the model answers with numbers that are not finite: its weights are damaged")

    def _prefill(self, prompt: list[int], cancelled: Callable[[], bool]) -> tuple[Any, Any]:
        from transformers import DynamicCache

        cache = DynamicCache(config=self._model.config)
        logits = None
        for start in range(0, len(prompt), PREFILL_CHUNK):
            if cancelled():
                raise CancelledError
            logits = self._forward(prompt[start : start + PREFILL_CHUNK], cache)
        if cancelled():
            raise CancelledError
        return logits, cache

    def _forward(self, ids: list[int], cache: Any) -> Any:
        """Logits after the last of `ids`: float32 on the CPU, one a token of the vocabulary."""
        import torch

        inputs = torch.tensor([ids], device=self._device)
        output = self._model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return output.logits[0, -1].float().cpu()

    @contextmanager
    def _running(self, adapter: str) -> Iterator[None]:
        """Inference with an adapter, or without any; running out of memory becomes a ModelError."""
        import torch

        try:
            with torch.inference_mode(), self._adapter(adapter):
                yield
        except RuntimeError as error:
            if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
                raise
            raise ModelError("there is not enough memory for this request: close other programs") from None
        finally:
            if self._device == "cuda":
                torch.cuda.empty_cache()

    @contextmanager
    def _adapter(self, name: str) -> Iterator[None]:
        if self._adapted is None:
            yield
        elif name in self._adapters:
            if self._adapted.active_adapter != name:
                self._adapted.set_adapter(name, inference_mode=True)
            yield
        else:
            with self._adapted.disable_adapter():
                yield


def _choose(logits: Any, temperature: float, random: Any) -> int:
    if temperature == 0:
        return int(logits.argmax())
    return int((logits / temperature).softmax(dim=-1).multinomial(1, generator=random))


def _stop_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end an answer, from every place where a model may name them."""
    named = [model.generation_config.eos_token_id, model.config.eos_token_id, tokenizer.eos_token_id]
    named.append(tokenizer.get_vocab().get("<|end|>"))
    flat = [token for entry in named for token in (entry if isinstance(entry, list) else [entry])]
    return frozenset(token for token in flat if token is not None)
