"""From tokens to text, piece by piece, never half a character."""

from typing import Any

INCOMPLETE = "\ufffd"
"""What a decoder puts for bytes that are not yet a whole character."""


class Detokenizer:
    """Gives out text as soon as further tokens cannot change it.

    A token's text can depend on its neighbours (a leading space, bytes of one character), so each piece is the
    difference between the decoded tail with and without the new tokens.
    """

    def __init__(self, tokenizer: Any) -> None:
        """Begin an empty text."""
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._start = 0  # of the tail that is decoded
        self._given = 0  # tokens whose text has been given out

    def add(self, token: int) -> str:
        """The text that this token completes; often a word, sometimes nothing yet."""
        self._ids.append(token)
        before, text = self._decode(self._given), self._decode(len(self._ids))
        if text.endswith(INCOMPLETE) or len(text) <= len(before):
            return ""
        self._start, self._given = self._given, len(self._ids)
        return text[len(before) :]

    def finish(self) -> str:
        """What was held back, without the bytes that never became a character."""
        return self._decode(len(self._ids))[len(self._decode(self._given)) :].rstrip(INCOMPLETE)

    def _decode(self, end: int) -> str:
        ids = self._ids[self._start : end]
        return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
