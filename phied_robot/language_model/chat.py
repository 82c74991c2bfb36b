"""From messages to tokens: the chat template, and a history that fits the model's context."""

from dataclasses import dataclass
from typing import Any

from phied_robot.language_model.sources import ModelError, first_line

Message = dict[str, str]


EXCHANGES_AT_ONCE = 4
"""A full history is cut by so many exchanges, so that the next few turns find its beginning unchanged."""


@dataclass(frozen=True)
class Prompt:
    """A chat as text and as tokens; `dropped` counts the oldest exchanges that found no room."""

    text: str
    ids: list[int]
    dropped: int = 0


def encode(tokenizer: Any, messages: list[Message], room: int, said: Prompt | None = None) -> Prompt:
    """The prompt, at most `room` tokens long: the oldest exchanges are dropped as need be, a few at once.

    The system message and the last message stay. A control token that a child's words happen to spell is
    taken out of them, so that nobody can speak in the tutor's name.

    Args:
        tokenizer: of the model.
        messages: role and content of each message.
        room: most tokens.
        said: an earlier prompt together with its answer as it was generated. Where the chat goes on from there, those
            tokens are kept: encoding the answer's text anew often gives other ones, for which nothing is computed yet.

    Raises:
        ModelError: not even the system message and the last message fit, or the template refuses the messages.
    """
    messages = [{**message, "content": _without(tokenizer, message["content"])} for message in messages]
    system = 1 if messages[0]["role"] == "system" and len(messages) > 1 else 0
    head, history, last = messages[:system], messages[system:-1], messages[-1:]
    exchanges = (len(history) + 1) // 2
    for dropped in [*range(0, exchanges, EXCHANGES_AT_ONCE), exchanges]:
        text = _render(tokenizer, [*head, *history[2 * dropped :], *last])
        ids = _ids(tokenizer, text, said)
        if len(ids) <= room:
            return Prompt(text, ids, dropped)
    raise ModelError(
        f"the instructions and the question have {len(ids)} tokens, but the model's context leaves room "
        f"for {max(room, 0)}: ask a shorter question or give fewer notes"
    )


def encode_pair(tokenizer: Any, messages: list[Message], completion: str, room: int) -> tuple[list[int], list[int]]:
    """The token ids of a prompt, as `encode` makes them, and of what is to be learned: the completion and its end.

    Both together have at most `room` tokens.

    Raises:
        ModelError: not even the last message and the completion fit, or the chat template does not end a turn.
    """
    question = [{**messages[-1], "content": _without(tokenizer, messages[-1]["content"])}]
    answer = {"role": "assistant", "content": _without(tokenizer, completion)}
    prompt = _render(tokenizer, question)
    whole = _render(tokenizer, [*question, answer], continued=False)
    before = tokenizer.encode(prompt, add_special_tokens=False)
    ids = tokenizer.encode(whole, add_special_tokens=False)
    learned = ids[len(before) :]
    specials = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    end = next((place for place, token in enumerate(learned) if token in specials), None)
    if ids[: len(before)] != before or end is None:
        raise ModelError("the model's chat template does not put an answer and its end behind the prompt")
    learned = list(learned[: end + 1])
    if len(learned) >= room:
        raise ModelError(f"the answer has {len(learned)} tokens, and with its prompt it may have {room}")
    return encode(tokenizer, messages, room - len(learned)).ids, learned


def next_token_of(tokenizer: Any, choices: list[str]) -> list[int]:
    """The token by which an answer that is exactly a choice begins, for each choice.

    Raises:
        ModelError: a choice is more than one token, or two begin alike.
    """
    prompt = _render(tokenizer, [{"role": "user", "content": "?"}])
    before = tokenizer.encode(prompt, add_special_tokens=False)
    tokens: dict[int, str] = {}
    for choice in choices:
        ids = tokenizer.encode(prompt + choice, add_special_tokens=False)
        if ids[:-1] != before:
            raise ModelError(f"choice {choice!r} is not a single token of this model: take another code")
        if ids[-1] in tokens:
            raise ModelError(f"choices {tokens[ids[-1]]!r} and {choice!r} are the same token: take another code")
        tokens[ids[-1]] = choice
    return list(tokens)


def _ids(tokenizer: Any, text: str, said: Prompt | None) -> list[int]:
    if said and text.startswith(said.text):
        rest = text[len(said.text) :]
        # Only at a control token is the rest encoded as it would be within the whole.
        if any(rest.startswith(token) for token in _control_tokens(tokenizer)):
            return said.ids + list(tokenizer.encode(rest, add_special_tokens=False))
    return list(tokenizer.encode(text, add_special_tokens=False))


def _render(tokenizer: Any, messages: list[Message], *, continued: bool = True) -> str:
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=continued))
    except TemplateError as error:
        raise ModelError(f"the model's chat template refuses these messages: {first_line(error)}") from error


def _without(tokenizer: Any, text: str) -> str:
    specials = _control_tokens(tokenizer)
    while any(token in text for token in specials):  # taking one out may put another together
        for token in specials:
            text = text.replace(token, "")
    return text


def _control_tokens(tokenizer: Any) -> list[str]:
    return [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
