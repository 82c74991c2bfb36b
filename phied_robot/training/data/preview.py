"""Examples as the model will see them: the prompt, and the supervised text behind it."""

from typing import Any

from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.examples import Example


def rendered(example: Example, tokenizer: Any = None) -> tuple[str, str]:
    """The text that is only read, and the text that is learned.

    Args:
        example: the example.
        tokenizer: its chat template and end token are used; without one, each message stands behind its role.
    """
    prompt, completion = chat_messages(example)
    if tokenizer is None:
        return "\n".join(
            f"[{message['role']}] {message['content']}" for message in prompt
        ) + "\n[assistant] ", completion
    whole = tokenizer.apply_chat_template([*prompt, {"role": "assistant", "content": completion}], tokenize=False)
    read = tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
    return read, whole.removeprefix(read)


def token_counts(example: Example, tokenizer: Any) -> tuple[int, int]:
    """Tokens of prompt and supervised text."""
    read, learned = rendered(example, tokenizer)
    encode = tokenizer.encode
    return len(encode(read, add_special_tokens=False)), len(encode(learned, add_special_tokens=False))
