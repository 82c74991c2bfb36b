"""How far a merged model's next tokens are from those of its base with the adapter beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phied_robot.language_model.four_bit import keep_unpacked
from phied_robot.language_model.weights import load_quantized

QUESTIONS = (
    ("Why do plants need sunlight?", "A plant makes its food from light, water and air. What does it take in?"),
    ("Is one half more than one quarter?", "Yes. Cut a cake into two parts, and then into four: which part is larger?"),
    ("Pourquoi la mer est-elle salée ?", "Les rivières apportent un peu de sel, et l'eau seule s'évapore."),
    ("Warum schwimmt ein Schiff?", "Das Wasser drückt es nach oben. Was wiegt mehr, das Schiff oder das Wasser?"),
)
"""What is read by both models: exchanges of a child with a tutor."""


@dataclass(frozen=True)
class Difference:
    """Between two models' logits for the next token.

    divergence: Kullback-Leibler divergence from the first to the second, in nats a token, mean over all tokens.
    largest: difference of a logit, at most.
    same: share of the tokens after which both find the same token likeliest, 0 to 1.
    """

    divergence: float
    largest: float
    same: float


def in_four_bits(folder: Path) -> Any:
    """A model in NF4, on the processor, in the layout in which it was quantized."""
    model = load_quantized(folder, "cpu")
    keep_unpacked(model)
    return model


def unmerged(base: Path, adapter: Path) -> Any:
    """The base in NF4 with the adapter beside it, as the tutor serves it."""
    from peft import PeftModel

    return PeftModel.from_pretrained(in_four_bits(base), adapter, autocast_adapter_dtype=False)


def next_token_logits(model: Any, tokenizer: Any) -> Any:
    """A model's logits after each token of all `QUESTIONS`: float32 of shape (tokens, vocabulary)."""
    import torch

    found = []
    with torch.inference_mode():
        for asked, answered in QUESTIONS:
            chat = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
            ids = tokenizer.encode(tokenizer.apply_chat_template(chat, tokenize=False), add_special_tokens=False)
            found.append(model.eval()(torch.tensor([ids])).logits[0].float())
    return torch.cat(found)


def difference(reference: Any, other: Any) -> Difference:
    """Of logits of shape (tokens, vocabulary)."""
    from torch.nn.functional import kl_div

    divergence = kl_div(other.log_softmax(-1), reference.log_softmax(-1), reduction="batchmean", log_target=True)
    return Difference(
        divergence=float(divergence),
        largest=float((other - reference).abs().max()),
        same=float((other.argmax(-1) == reference.argmax(-1)).float().mean()),
    )
