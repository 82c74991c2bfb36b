"""A model behind a server with OpenAI's interface."""

import os
from collections.abc import Callable

from phied_robot.language_model.sources import ModelError, first_line
from phied_robot.pedagogy.prompts import Message

KEY = "OPENAI_API_KEY"
SECONDS = 60.0


def open_server(place: str) -> Callable[[list[Message], int], str]:
    """What answers chats, greedily, with so many tokens at most.

    Args:
        place: MODEL@URL, such as gpt-4o-mini@https://api.openai.com/v1. The key is read from OPENAI_API_KEY; servers
            of one's own need none.

    Raises:
        ModelError: the address is none; and, of each answer, the server cannot be reached or refuses.
    """
    from openai import APIConnectionError, APIStatusError, OpenAI, OpenAIError

    model, _, url = place.rpartition("@")
    if not model or not url.startswith(("http://", "https://")):
        raise ModelError(f"openai:{place} names no server: write openai:MODEL@URL, the URL with http(s):// and /v1")
    client = OpenAI(base_url=url, api_key=os.environ.get(KEY) or "none", timeout=SECONDS)

    def answer(messages: list[Message], most_tokens: int) -> str:
        try:
            done = client.chat.completions.create(
                model=model,
                messages=messages,  # type: ignore[arg-type]  # whose own type names each role
                max_completion_tokens=most_tokens,
                temperature=0,
            )
        except APIConnectionError as error:  # its subclass says that time ran out
            raise ModelError(f"the server {url} cannot be reached: {first_line(error)}") from None
        except APIStatusError as error:
            reason = f"; is {KEY} set and right?" if error.status_code in (401, 403) else f": {_reason(error)}"
            raise ModelError(f"the server {url} refuses {model} ({error.status_code}){reason}") from None
        except OpenAIError as error:
            raise ModelError(f"the server {url} cannot be used: {first_line(error)}") from None
        if not done.choices:
            raise ModelError(f"the server {url} sent no answer of {model}")
        return (done.choices[0].message.content or "").strip()

    return answer


def _reason(error: "Exception") -> str:
    body = getattr(error, "body", None)
    return str(body["message"]) if isinstance(body, dict) and body.get("message") else first_line(error)
