"""Where the clauses of a written sentence begin."""

import re

CONJUNCTIONS = {
    "en": "and but or so because when while if that which who where then",
    "fr": "et mais ou donc car parce quand lorsque si que qui où puis",
    "de": "und aber oder denn weil wenn während ob dass die der das wo dann",
}
SHORTEST = 3
"""Words that a clause has before a conjunction may begin another."""


def clause_starts(text: str, language: str) -> list[int]:
    """The index of the first letter of every clause: after a comma, colon, dash or stop, and at conjunctions."""
    conjunctions = set(CONJUNCTIONS.get(language, "").split())
    starts: list[int] = []
    words_since, boundary = 0, True
    for word in re.finditer(r"\S+", text):
        letters = word.group().strip(".,;:!?…–—-\"'«»()„“”").lower()
        if not letters:
            boundary = boundary or bool(re.search(r"[.,;:!?…–—-]", word.group()))
            continue
        if boundary or (letters in conjunctions and words_since >= SHORTEST):
            starts.append(word.start())
            words_since = 0
        words_since += 1
        boundary = bool(re.search(r"[.,;:!?…–—]\W*$", word.group()))
    return starts
