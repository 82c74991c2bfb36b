"""A server's model, and the local one, if there is one, that answers while the server cannot."""

import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from phied_robot.language_model.chat import Message
from phied_robot.language_model.generation import Generation, TutorModel
from phied_robot.language_model.remote import RemoteError, RemoteModel

Made = TypeVar("Made")

PAUSE = 15.0
"""Seconds after a failure during which the server is not asked, so that not every child waits for it in vain."""


class FallbackModel:
    """Asks the server first. Not thread-safe: one worker uses it."""

    def __init__(self, remote: RemoteModel, local: TutorModel | None) -> None:
        """Take over both; without a local model, requests fail at once while the server cannot answer."""
        self._remote, self._local = remote, local
        self._asked_again = 0.0
        self._used: RemoteModel | TutorModel = remote
        self.engine = remote.engine + (f", and on {local.engine} while it cannot" if local else "")
        self.trouble = ""

    @property
    def left_out(self) -> int:
        """The oldest exchanges that the last prompt had no room for."""
        return self._used.left_out

    def warm_up(self) -> None:
        """Run the local model once, and ask the server for its models; that it is out of reach is no reason to stop.

        Raises:
            ModelError: the local model is damaged, or the server lacks a model.
        """
        if self._local:
            self._local.warm_up()
        with suppress(RemoteError):
            self._first_remote(self._remote.warm_up, lambda _: None)

    def generate(
        self, messages: list[Message], adapter: str, *, on_text: Callable[[str], None], **how: Any
    ) -> Generation:
        """As of both; where the server fails in the middle of an answer, so does the request.

        Raises:
            ModelError: as of the local model; the server failed in the middle of an answer.
        """
        given: list[str] = []

        def give(text: str) -> None:
            given.append(text)
            on_text(text)

        return self._first_remote(
            lambda: self._remote.generate(messages, adapter, on_text=give, **how),
            lambda local: local.generate(messages, adapter, on_text=on_text, **how),
            too_late=lambda: bool(given),
        )

    def score(self, messages: list[Message], adapter: str, choices: list[str], **how: Any) -> dict[str, float]:
        """As of both."""
        return self._first_remote(
            lambda: self._remote.score(messages, adapter, choices, **how),
            lambda local: local.score(messages, adapter, choices, **how),
        )

    def _first_remote(
        self,
        remote: Callable[[], Made],
        local: Callable[[TutorModel], Made],
        too_late: Callable[[], bool] = lambda: False,
    ) -> Made:
        if monotonic() >= self._asked_again:
            self._used = self._remote
            try:
                made = remote()
                self.trouble = ""
                return made
            except RemoteError as error:
                who = "the local model answers" if self._local else "nothing but prepared sentences"
                logging.getLogger(__name__).warning("%s; for %g s: %s", error, PAUSE, who)
                self.trouble = f"{who}: {error}"
                self._asked_again = monotonic() + PAUSE
                if too_late():
                    raise
        if self._local is None:
            raise RemoteError(self.trouble)
        self._used = self._local
        return local(self._local)
