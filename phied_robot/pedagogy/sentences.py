"""Cutting a stream of text into sentences, each handed on as soon as it is certainly whole.

pysbd, syntok and blingfire cut whole texts; none can say that a sentence is whole while text still comes.
"""

import re

FIRST = 60
"""Characters; of a first sentence that is longer, the first clause comes alone: until it does, nothing is heard."""
LONGEST = 240
"""Characters; a longer sentence is cut at a clause, so that a voice never waits for a runaway."""

_TERMINATORS = ".!?…"
_CLOSING = {"(": ")", "[": "]", "“": "”", "«": "»", "»": "«", "„": "“”", "‚": "‘’", '"': '"'}
_AFTER_TERMINATOR = "'’"
_NOT_A_START = ",;:-–—)]"

# After these a point does not end a sentence. "etc." and "usw." may end one, so they are missing on purpose.
_ABBREVIATIONS = re.compile(
    r"mr|mrs|ms|dr|prof|st|sr|jr|vs|approx"
    r"|mme|mlle|mgr|ex|env|av|apr|cf"
    r"|bzw|ca|nr|hr|fr|frl|evtl|ggf|sog|vgl|jh|inkl",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"([^\W_]+)\.$")
_CLAUSE_MARKS = tuple(",;:–—")
_CLAUSE_END = re.compile(r"[,;:–—](?=\s)")


class SentenceCutter:
    """Feed it text as it comes; it returns the sentences that have become whole."""

    def __init__(self) -> None:
        """Begin with no text."""
        self._text = ""
        self._end = 0  # where a sentence may have ended; 0: nowhere
        self._spaced = False
        self._clause = 0  # where a clause has ended, outside of quotes and brackets
        self._first = True
        self._closing: list[str] = []

    def feed(self, text: str) -> list[str]:
        """Take in text of any length, and return the sentences that it completes, in their order."""
        sentences: list[str] = []
        for character in text:
            sentences += self._take(character)
        return sentences

    def finish(self) -> list[str]:
        """The text has ended: return what is left, and begin anew."""
        left = self._cut(len(self._text))
        self._first = True
        return left

    def _take(self, character: str) -> list[str]:
        if character == "\n":
            return self._cut(len(self._text))
        if self._end and self._spaced and self._begins_sentence(character):
            sentence = self._cut(self._end)
            return sentence + self._take(character)
        self._text += character
        closes = self._follow_pairs(character)
        if character.isspace():
            self._spaced = True
            if self._text[-2:-1] in _CLAUSE_MARKS and not self._closing:
                self._clause = len(self._text)
        elif character in _TERMINATORS or (self._end and (closes or self._closes_quote(character))):
            self._end, self._spaced = len(self._text), False
        else:
            self._end = 0
        if self._first and self._clause and len(self._text) > FIRST:
            return self._cut_clause(self._clause)
        return self._cut_clause(self._clause_end()) if len(self._text) > LONGEST else []

    def _closes_quote(self, character: str) -> bool:
        return character in _AFTER_TERMINATOR and not self._spaced

    def _begins_sentence(self, character: str) -> bool:
        if self._closing or character.islower() or character in _TERMINATORS or character in _NOT_A_START:
            return False
        return not _point_belongs_to_word(self._text[: self._end])

    def _follow_pairs(self, character: str) -> bool:
        """Keep count of open quotes and brackets; whether this character closed one."""
        if self._closing and character in self._closing[-1]:
            self._closing.pop()
            return True
        if character in _CLOSING:
            self._closing.append(_CLOSING[character])
        return False

    def _clause_end(self) -> int:
        ends = [match.end() for match in _CLAUSE_END.finditer(self._text, 0, LONGEST)]
        return (ends or [self._text.rfind(" ", 0, LONGEST) + 1])[-1] or LONGEST

    def _cut_clause(self, end: int) -> list[str]:
        """Cut within a sentence; what follows may hold quotes or an end of its own, so it is taken in anew."""
        rest, self._text = self._text[end:], self._text[:end]
        return self._cut(end) + self.feed(rest)

    def _cut(self, end: int) -> list[str]:
        sentence, self._text = " ".join(self._text[:end].split(" ")).strip(), self._text[end:].lstrip()
        self._end, self._spaced, self._clause, self._closing = 0, False, 0, []
        if not any(character.isalnum() for character in sentence):
            return []
        self._first = False
        return [sentence]


def _point_belongs_to_word(text: str) -> bool:
    """Whether the point at the end is an abbreviation's (Mr., z. B., e.g.) or an ordinal number's (1. Klasse)."""
    match = _LAST_WORD.search(text)
    if match is None:
        return False
    word, before = match[1], text[: match.start()]
    if word.isdigit():
        return len(word) <= 2 and not before.endswith((".", ","))
    if len(word) == 1:
        return word != "I" or before.endswith(".")
    return _ABBREVIATIONS.fullmatch(word) is not None
