"""The tutor's model at work: streaming an answer, or scoring the codes of a choice."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from phied_robot.language_model.chat import Message, Prompt, encode, next_token_of
from phied_robot.language_model.detokenization import Detokenizer
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.prefix import CONTEXT, CancelledError, PrefixModel
from phied_robot.language_model.sampling import Sampling
from phied_robot.language_model.sources import ModelError


@dataclass(frozen=True)
class Generation:
    """An answer. `tokens` counts those generated; what was generated before a cancellation is there too.

    `computed` counts the tokens of the prompt that no earlier turn had left in the cache, and `dropped` the oldest
    exchanges of the history that found no room.
    """

    text: str
    tokens: int
    seconds_to_first_token: float
    cancelled: bool
    computed: int = 0
    dropped: int = 0


class TutorModel:
    """Owns a loaded model. Not thread-safe: one worker uses it."""

    trouble = ""

    def __init__(self, loaded: LoadedModel, context: int = CONTEXT) -> None:
        """Take over a model.

        Args:
            loaded: the model.
            context: most tokens of a prompt and its answer together; memory for them is taken once an adapter.
        """
        self._tokenizer = loaded.tokenizer
        self._adapters = loaded.adapters
        self._stops = _stop_tokens(loaded.model, loaded.tokenizer)
        self._choice_tokens: dict[tuple[str, ...], list[int]] = {}
        self._model = PrefixModel(loaded, context)
        self.context = self._model.context
        self.engine = self._model.engine
        self._said: dict[str, Prompt] = {}
        self.left_out = 0

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
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
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
            top_p: when sampling, only the likeliest tokens whose probabilities add up to it are drawn from.
            repetition_penalty: above 1 makes tokens that were already there less likely.

        Raises:
            ModelError: the messages do not fit the context, or memory ran out.
        """
        began = perf_counter()
        adapter = adapter if adapter in self._adapters else ""
        prompt = encode(self._tokenizer, messages, self.context - max_new_tokens, self._said.get(adapter))
        self.left_out = prompt.dropped
        answer = _Answer(self._tokenizer, on_text)
        sampling = Sampling(temperature, top_p, repetition_penalty, seed)
        computed, first, stopped = 0, 0.0, False
        with self._model.running(adapter):
            try:
                computed = self._model.prefill(adapter, prompt.ids, cancelled)
                for token in self._model.decode(adapter, prompt.ids, sampling):
                    first = first or perf_counter() - began
                    stopped = token in self._stops
                    answer.add(token, silent=stopped)
                    if stopped or answer.tokens == max_new_tokens:
                        break
                    if cancelled():
                        raise CancelledError
            except CancelledError:
                return Generation(answer.text, answer.tokens, first, True, computed, prompt.dropped)
        answer.finish()
        spoken = answer.ids[:-1] if stopped else answer.ids
        self._said[adapter] = Prompt(prompt.text + answer.text, prompt.ids + spoken)
        return Generation(answer.text, answer.tokens, first, False, computed, prompt.dropped)

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
        adapter = adapter if adapter in self._adapters else ""
        prompt = encode(self._tokenizer, messages, self.context - 1)
        self.left_out = prompt.dropped
        with self._model.running(adapter):
            self._model.prefill(adapter, prompt.ids, cancelled)
            logits = self._model.logits()
        probabilities = logits[self._choice_tokens[key]].softmax(dim=-1).tolist()
        return dict(zip(choices, probabilities, strict=True))

    def warm_up(self) -> None:
        """Run every adapter once, so that the first child does not wait for it.

        Raises:
            ModelError: the model gives no finite numbers, or memory ran out.
        """
        prompt = encode(self._tokenizer, [{"role": "user", "content": "Hello!"}], self.context - 1)
        for adapter in self._adapters or ("",):
            with self._model.running(adapter):
                self._model.prefill(adapter, prompt.ids)
                tokens = self._model.decode(adapter, prompt.ids, Sampling())
                next(tokens), next(tokens)
                if not self._model.logits().isfinite().all():
                    raise ModelError("the model answers with numbers that are not finite: its weights are damaged")


class _Answer:
    """Text and tokens of an answer as it grows."""

    def __init__(self, tokenizer: Any, on_text: Callable[[str], None]) -> None:
        self.ids: list[int] = []
        self._detokenizer, self._on_text = Detokenizer(tokenizer), on_text
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def tokens(self) -> int:
        return len(self.ids)

    def add(self, token: int, *, silent: bool) -> None:
        self.ids.append(token)
        if not silent:
            self._give(self._detokenizer.add(token))

    def finish(self) -> None:
        self._give(self._detokenizer.finish())

    def _give(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._on_text(text)


def _stop_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end an answer, from every place where a model may name them."""
    named = [model.generation_config.eos_token_id, model.config.eos_token_id, tokenizer.eos_token_id]
    named.append(tokenizer.get_vocab().get("<|end|>"))
    flat = [token for entry in named for token in (entry if isinstance(entry, list) else [entry])]
    return frozenset(token for token in flat if token is not None)
