"""Guesses of an answer's next tokens: what followed the same two the last time (prompt lookup decoding, Saxena 2023).

A tutor's answers quote the lesson's notes, which stand in the prompt. A guess costs no answer anything but time: it is
computed beside the token that is certain, and what the model would not have said is thrown away.
"""

from collections.abc import Iterable


class Lookup:
    """The tokens of a prompt and of the answer so far, found by pairs."""

    def __init__(self, tokens: Iterable[int]) -> None:
        """Begin with a prompt."""
        self._tokens: list[int] = []
        self._behind: dict[tuple[int, int], int] = {}
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Take in the next token."""
        if len(self._tokens) > 1:
            self._behind[self._tokens[-2], self._tokens[-1]] = len(self._tokens)
        self._tokens.append(token)

    def following(self, most: int) -> list[int]:
        """What followed the last two tokens when they stood together before; empty where they never did."""
        place = self._behind.get((self._tokens[-2], self._tokens[-1])) if len(self._tokens) > 1 else None
        return [] if place is None else self._tokens[place : place + most]
