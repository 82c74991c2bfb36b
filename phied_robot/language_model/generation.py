"""Generating text and scoring choices with the adapter that a request names."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.sources import ModelError

MAX_CONTEXT = 4096
"""Phi-3-128k switches its rotary factors above this, and the cache is lost (facts on the model)."""

UNFINISHED = "�"
"""What a tokenizer decodes half a UTF-8 character to."""


@dataclass(frozen=True)
class Generation:
    """A generated text; times in seconds."""

    text: str
    tokens: int
    seconds_to_first_token: float
    cancelled: bool


class TutorModel:
    """A loaded model that answers requests, one at a time."""

    def __init__(self, loaded: LoadedModel) -> None:
        """Take over a loaded model."""
        self._loaded = loaded
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer
        self._active = loaded.adapters[0] if loaded.adapters else ""
        self._ends = _end_tokens(loaded)
        self._context = min(MAX_CONTEXT, int(self._model.config.max_position_embeddings))
        self.description = loaded.description

    def warm_up(self) -> None:
        """Run both kinds of request once, so that the first child does not wait for lazy set-up."""
        messages = [{"role": "user", "content": "Hello"}]
        for adapter in ("strategy", "response"):
            self.generate(messages, adapter, max_new_tokens=2, on_text=lambda _: None, cancelled=lambda: False)

    def generate(
        self,
        messages: list[dict[str, str]],
        adapter: str,
        *,
        max_new_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        on_text: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Generation:
        """Generate an answer, piece by piece.

        Args:
            messages: the chat; its oldest exchanges are dropped where it does not fit the context.
            adapter: "strategy" or "response"; the plain base answers where the model lacks it.
            max_new_tokens: the longest answer.
            temperature: 0 is greedy.
            seed: of the sampling.
            on_text: called with text as soon as no later token can change it.
            cancelled: asked before every token.

        Raises:
            ModelError: the prompt does not fit the context.
        """
        import torch

        began = time.monotonic()
        ids = self._encode(messages, room=max_new_tokens)
        generator = torch.Generator(device=self._loaded.device).manual_seed(seed)
        tokens: list[int] = []
        text, first_token = "", 0.0
        with torch.inference_mode(), self._with_adapter(adapter):
            step, cache = ids, None
            while len(tokens) < max_new_tokens:
                if cancelled():
                    return Generation(text, len(tokens), first_token, cancelled=True)
                output = self._model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache = output.past_key_values
                token = _choose(output.logits[0, -1], temperature, generator)
                first_token = first_token or time.monotonic() - began
                if token in self._ends:
                    break
                tokens.append(token)
                decoded = self._tokenizer.decode(tokens, skip_special_tokens=True)
                if not decoded.endswith(UNFINISHED) and len(decoded) > len(text):
                    on_text(decoded[len(text) :])
                    text = decoded
                step = torch.tensor([[token]], device=self._loaded.device)
        return Generation(text, len(tokens), first_token, cancelled=False)

    def score(self, messages: list[dict[str, str]], adapter: str, choices: list[str]) -> dict[str, float]:
        """How probable each choice is as the next token, in one forward pass; the values sum to 1.

        Raises:
            ModelError: a choice is not one token of its own, or the prompt does not fit the context.
        """
        import torch

        ids = self._encode(messages, room=1)
        tokens = self._choice_tokens(choices)
        with torch.inference_mode(), self._with_adapter(adapter):
            logits = self._model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1]
        probabilities = torch.softmax(logits[tokens].float(), dim=-1).tolist()
        return dict(zip(choices, probabilities, strict=True))

    def _with_adapter(self, name: str) -> Any:
        if not self._loaded.adapters:
            return nullcontext()
        if name not in self._loaded.adapters:
            return self._model.disable_adapter()
        if name != self._active:
            self._model.set_adapter(name, inference_mode=True)
            self._active = name
        return nullcontext()

    def _encode(self, messages: list[dict[str, str]], room: int) -> Any:
        """Token ids, shape (1, n), with the oldest exchanges dropped until they leave room for the answer."""
        import torch

        kept = list(messages)
        while True:
            ids = self._tokenizer.apply_chat_template(kept, add_generation_prompt=True, return_dict=False)
            if len(ids) + room <= self._context:
                return torch.tensor([ids], device=self._loaded.device)
            first_exchange = 1 if kept[0]["role"] == "system" else 0
            if len(kept) - first_exchange < 3:
                raise ModelError(
                    f"the prompt has {len(ids)} tokens and the answer may have {room}, "
                    f"but the model's context holds {self._context}: ask a shorter question"
                )
            del kept[first_exchange : first_exchange + 2]

    def _choice_tokens(self, choices: list[str]) -> list[int]:
        encoded = [self._tokenizer.encode(choice, add_special_tokens=False) for choice in choices]
        tokens = [ids[-1] for ids in encoded if ids]
        # Sentence-piece tokenizers put a space token before a word; only the last token may carry the choice.
        whole = all(
            self._tokenizer.decode(token).strip() == choice for token, choice in zip(tokens, choices, strict=False)
        )
        if not whole or len(set(tokens)) != len(choices):
            raise ModelError(f"the choices {choices} are not single tokens of this model's tokenizer")
        return tokens


def _choose(logits: Any, temperature: float, generator: Any) -> int:
    import torch

    if temperature == 0.0:
        return int(logits.argmax())
    probabilities = torch.softmax(logits.float() / temperature, dim=-1)
    return int(torch.multinomial(probabilities, 1, generator=generator))


def _end_tokens(loaded: LoadedModel) -> set[int]:
    """The ids that end an answer: the model's own, and the chat template's <|end|>."""
    ends = loaded.model.generation_config.eos_token_id
    named = {loaded.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
    chat_end = loaded.tokenizer.convert_tokens_to_ids("<|end|>")
    if chat_end != loaded.tokenizer.unk_token_id:
        named.add(chat_end)
    return {token for token in named if token is not None}
