"""Two texts beside each other, with the words marked that only one of them has."""

from collections.abc import Callable
from difflib import SequenceMatcher

KEPT = 6
"""Words that are shown on each side of a difference; what lies farther off is left out."""


def marked(then: str, now: str, mark: Callable[[str], str], escape: Callable[[str], str]) -> tuple[str, str]:
    """Both texts, their differing words through `mark`, the others through `escape`."""
    before, after = then.split(), now.split()
    left, right = [], []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            words = before[a:b]
            first, last = a == 0, b == len(before)
            if len(words) > 2 * KEPT + 1 and (len(before) > 40 or len(after) > 40):
                words = [*([] if first else words[:KEPT]), "…", *([] if last else words[-KEPT:])]
            left.append(escape(" ".join(words)))
            right.append(escape(" ".join(words)))
        else:
            left += [mark(escape(" ".join(before[a:b])))] if a < b else []
            right += [mark(escape(" ".join(after[c:d])))] if c < d else []
    space = escape(" ")  # which keeps what `escape` makes of text, where that is more than text
    return space.join(left), space.join(right)
