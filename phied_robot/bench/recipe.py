"""The baseline: a language model with two adapters as the seed guide runs it."""

from typing import Any

from phied_robot.language_model.loading import quiet_libraries
from phied_robot.language_model.merging import base_folder
from phied_robot.language_model.sources import ModelSource, local_folder
from phied_robot.language_model.weights import load_quantized

NAME_TOKENS = 8
"""Tokens of "socratic_questioning" and its end, by Phi-3's tokenizer."""


class Recipe:
    """A base in NF4 by bitsandbytes, PEFT's adapters as PEFT loads them, `set_adapter`, transformers' `generate`."""

    def __init__(self, source: ModelSource, device: str, *, exact: bool = False) -> None:
        """Load the base and at least one adapter.

        Args:
            source: what to load.
            device: "cuda" or "cpu".
            exact: keep NF4's values in float32 and compute in it, as the engine does with a small model on a CPU.
        """
        quiet_libraries()
        from peft import PeftModel

        self._device = device
        model = load_quantized(base_folder(source), device)
        (first, folder), *others = source.adapters.items()
        self.model: Any = PeftModel.from_pretrained(model, local_folder(folder), adapter_name=first)
        for name, other in others:
            self.model.load_adapter(local_folder(other), name)
        self.model.eval()
        if exact:
            from phied_robot.language_model.cpu import to_float32

            to_float32(self.model)

    def choose(self, adapter: str) -> None:
        """Put one adapter into effect."""
        self.model.set_adapter(adapter)

    def generate(self, ids: list[int], tokens: int) -> list[int]:
        """So many tokens behind a prompt, greedily."""
        made = self._generate(ids, max_new_tokens=tokens, min_new_tokens=tokens)
        return list(made[0, len(ids) :].tolist())

    def generate_with_leads(self, ids: list[int], most: int) -> tuple[list[int], list[float]]:
        """Tokens up to the model's end token, and by how much each one's logit was above the second largest."""
        made = self._generate(ids, max_new_tokens=most, output_scores=True, return_dict_in_generate=True)
        highest = [scores[0].float().topk(2).values for scores in made.scores]
        return list(made.sequences[0, len(ids) :].tolist()), [float(first - second) for first, second in highest]

    def _generate(self, ids: list[int], **how: Any) -> Any:
        import torch

        prompt = torch.tensor([ids], device=self._device)
        return self.model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), do_sample=False, **how)

    def answer(self, adapter: str, ids: list[int], tokens: int) -> list[int]:
        """As `generate`, by an adapter; nothing is kept from one prompt to the next."""
        self.choose(adapter)
        return self.generate(ids, tokens)

    def decide(self, ids: list[int]) -> None:
        """Have a strategy's name generated."""
        self.answer("strategy", ids, NAME_TOKENS)

    def logits(self, ids: list[int]) -> Any:
        """The logits behind a prompt: float32 on the CPU, of shape (vocabulary,)."""
        import torch

        with torch.inference_mode():
            output = self.model(torch.tensor([ids], device=self._device), logits_to_keep=1)
        return output.logits[0, -1].float().cpu()
