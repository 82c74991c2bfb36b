"""A model behind an OpenAI-compatible server; each adapter is one of the server's model names."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from phied_robot.language_model.chat import EXCHANGES_AT_ONCE, Message
from phied_robot.language_model.generation import Generation
from phied_robot.language_model.prefix import CancelledError
from phied_robot.language_model.sources import ModelError, first_line

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Made = TypeVar("Made")

KEY_VARIABLE = "PHIED_SERVER_KEY"
"""Names the environment variable with the server's key; one of our own, so that no other service's key is sent."""
LOOK = 0.05
"""Seconds between two looks at a cancellation while the server is silent."""
RETRIES = 2
"""By the client, of requests that failed before their first token, as long as the patience lasts."""
TOP_LOGPROBS = 20
"""The most that vLLM gives unless its --max-logprobs says otherwise."""


class RemoteError(ModelError):
    """The server cannot be reached, is late, or answers what cannot be used."""


def check_address(url: str) -> None:
    """Refuse what is no server's address.

    Raises:
        ModelError: it is none of http or https, or holds a password.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ModelError(f"the server's address holds a password, which logs would show: set {KEY_VARIABLE} instead")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelError(f"server {url!r} is no address such as http://127.0.0.1:8000/v1")


class RemoteModel:
    """Asks the server. Not thread-safe: one worker uses it."""

    trouble = ""

    def __init__(
        self,
        url: str,
        models: dict[str, str] | None = None,
        *,
        patience: float = 1.5,
        key_variable: str = KEY_VARIABLE,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: of the server's interface, such as http://127.0.0.1:8000/v1.
            models: the server's model name for each adapter; without it they are "strategy" and "response".
            patience: seconds without a sign from the server after which a request fails.
            key_variable: the environment variable that holds the server's key.

        Raises:
            ModelError: the URL is none of http or https, or holds a password; or the client is not installed.
        """
        check_address(url)
        self._url, self._patience = url, patience
        self._models = models or {"strategy": "strategy", "response": "response"}
        self._key = os.environ.get(key_variable, "")
        self._loop = asyncio.new_event_loop()
        self._client = self._make_client()
        self._structured = True
        self.engine = f"the server {url}"
        self.left_out = 0

    def warm_up(self) -> None:
        """Ask which models the server has.

        Raises:
            RemoteError: it cannot be reached.
            ModelError: it lacks a model.
        """
        listed = self._run(self._patiently(self._client.models.list(), lambda: False))
        names = sorted(self._usable(lambda: [model.id for model in listed.data]))
        if missing := sorted(set(self._models.values()) - set(names)):
            raise ModelError(
                f"the server {self._url} has no model {' and no '.join(missing)}, but {', '.join(names) or 'none'}: "
                "serve the adapters under these names (docs/remote.md)"
            )

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
        """As of `TutorModel`; the server cuts nothing, so a history that it finds too long loses its oldest exchanges.

        Raises:
            RemoteError: the server failed; `on_text` may have had a part of the answer.
        """
        pieces: list[str] = []

        def give(text: str) -> None:
            pieces.append(text)
            on_text(text)

        began = perf_counter()
        how = {"max_tokens": max_new_tokens, "temperature": temperature, "seed": seed}
        counts = {"first": 0.0, "tokens": 0}

        async def stream() -> None:
            answer = await self._ask(messages, adapter, cancelled, stream=True, **how)
            try:
                await self._listen(answer, give, counts, began, cancelled)
            finally:
                await answer.close()

        try:
            self._run(stream())
            stopped = False
        except CancelledError:
            stopped = True
        return Generation("".join(pieces), int(counts["tokens"]), counts["first"], stopped, dropped=self.left_out)

    def score(
        self,
        messages: list[Message],
        adapter: str,
        choices: list[str],
        *,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> dict[str, float]:
        """As of `TutorModel`, by the logprobs of one token that is constrained to the choices where the server can.

        A choice that is not among the likeliest tokens of a server that cannot has the probability 0.

        Raises:
            RemoteError: the server failed, or its token is none of the choices.
            CancelledError: `cancelled` turned true.
        """
        how = {"max_tokens": 1, "temperature": 0.0, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
        answer = self._run(self._choose(messages, adapter, choices, how, cancelled))
        weights = self._usable(lambda: _weights(answer.choices[0], choices))
        if not (total := sum(weights.values())):
            raise RemoteError(f"the server {self._url} chose none of {', '.join(choices)}")
        return {choice: weight / total for choice, weight in weights.items()}

    def close(self) -> None:
        """End the connections."""
        self._loop.run_until_complete(self._client.close())
        self._loop.close()

    def _make_client(self) -> "AsyncOpenAI":
        try:
            from openai import AsyncOpenAI
        except ImportError:
            raise ModelError("a server needs the package openai: pip install 'phied_robot[remote]'") from None
        return AsyncOpenAI(base_url=self._url, api_key=self._key or "none", max_retries=RETRIES, timeout=self._patience)

    async def _choose(
        self,
        messages: list[Message],
        adapter: str,
        choices: list[str],
        how: dict[str, Any],
        cancelled: Callable[[], bool],
    ) -> Any:
        from openai import BadRequestError

        if self._structured:
            try:
                constrained = {"structured_outputs": {"choice": choices}}
                return await self._ask(messages, adapter, cancelled, extra_body=constrained, **how)
            except BadRequestError:  # a server that does not know the field may ignore it or refuse it
                self._structured = False
        return await self._ask(messages, adapter, cancelled, **how)

    async def _ask(self, messages: list[Message], adapter: str, cancelled: Callable[[], bool], **how: Any) -> Any:
        """The answer, or its stream; the oldest exchanges are dropped until the server takes the messages."""
        from openai import BadRequestError

        system = 1 if messages[0]["role"] == "system" else 0
        self.left_out = 0
        while True:
            sent = [*messages[:system], *messages[system + 2 * self.left_out :]]
            request = self._client.chat.completions.create(
                model=self._models[adapter],
                messages=sent,  # type: ignore[arg-type]
                **how,
            )
            try:
                return await self._patiently(request, cancelled)
            except BadRequestError as error:
                left = (len(sent) - system - 1) // 2
                if "context" not in str(error) or not left:
                    raise
                self.left_out += min(left, EXCHANGES_AT_ONCE)

    async def _listen(
        self,
        answer: Any,
        give: Callable[[str], None],
        counts: dict[str, Any],
        began: float,
        cancelled: Callable[[], bool],
    ) -> None:
        ended = False
        pieces = aiter(answer)
        while (piece := await self._patiently(_next(pieces), cancelled)) is not None:
            if not piece.choices:
                continue
            ended = ended or piece.choices[0].finish_reason is not None
            if text := piece.choices[0].delta.content:
                counts["first"] = counts["first"] or perf_counter() - began
                counts["tokens"] += 1
                give(text)
            if cancelled():
                raise CancelledError
        if not ended:
            raise RemoteError(f"the server {self._url} ended its answer early")

    async def _patiently(self, work: Awaitable[Made], cancelled: Callable[[], bool]) -> Made:
        """The work's result, unless the job is cancelled or the patience ends first; then the work is ended too."""
        task = asyncio.ensure_future(work)
        deadline = monotonic() + self._patience
        try:
            while not (await asyncio.wait({task}, timeout=LOOK))[0]:
                if cancelled():
                    raise CancelledError
                if monotonic() > deadline:
                    raise RemoteError(f"the server {self._url} gave no sign for {self._patience:g} s")
            return task.result()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task

    def _run(self, work: Coroutine[Any, Any, Made]) -> Made:
        return self._usable(lambda: self._loop.run_until_complete(work))

    def _usable(self, take: Callable[[], Made]) -> Made:
        """What `take` gives; whatever is wrong with the server or its answer becomes a sentence without the key."""
        from httpx import HTTPError
        from openai import APIConnectionError, OpenAIError

        try:
            return take()
        except (ModelError, CancelledError):
            raise
        except (OpenAIError, HTTPError, ValueError, TypeError, AttributeError, LookupError) as error:
            lost = isinstance(error, APIConnectionError)
            says = "cannot be reached" if lost else first_line(error)
            says = says.replace(self._key, "***") if self._key else says
            raise RemoteError(f"the server {self._url} failed: {says}"[:300]) from None


async def _next(pieces: AsyncIterator[Made]) -> Made | None:
    return await anext(pieces, None)


def _weights(answer: Any, choices: list[str]) -> dict[str, float]:
    """What each choice has of the first token's probability; all of it to the token itself where no logprobs came."""
    weights = dict.fromkeys(choices, 0.0)
    first = answer.logprobs.content[0] if answer.logprobs and answer.logprobs.content else None
    for likely in reversed(first.top_logprobs if first else []):  # of "A" and " A" the likelier one counts
        if (choice := likely.token.strip()) in weights:
            weights[choice] = math.exp(likely.logprob)
    said = (answer.message.content or "").strip()
    if not any(weights.values()) and said in weights:
        weights[said] = 1.0
    return weights
