"""Which gesture belongs to which clause of a spoken sentence."""

from collections import deque
from typing import NamedTuple

BEAT = "beat"
LONG_MOVE = 1.4
"""Seconds of speech that must be left, at neutral tempo, for a whole move; less has room for a beat alone."""
SHORT_MOVE = 0.4


class SpokenSentence(NamedTuple):
    """A sentence as it begins to sound.

    occasion: the teaching strategy that its moves may show; "" for beats alone.
    clauses: seconds from its beginning at which clauses begin.
    seconds: its length.
    opens: whether it is the first of an answer, which always shows its strategy.
    """

    occasion: str
    clauses: tuple[float, ...]
    seconds: float
    opens: bool = False


class Accents:
    """Spends a rate of gestures on clauses, evenly and without a lottery: the same answer looks the same every day."""

    def __init__(self) -> None:
        """No sentence sounds."""
        self._credit = 0.0
        self._sentence: SpokenSentence | None = None
        self._began = 0.0
        self._clauses: deque[float] = deque()
        self._opening = False
        self._shown = False

    def begin(self, sentence: SpokenSentence, now: float) -> None:
        """The sentence begins to sound at a monotonic time (s)."""
        self._sentence, self._began = sentence, now
        self._clauses = deque(sentence.clauses)
        self._opening, self._shown = sentence.opens, False

    def end(self) -> None:
        """Nothing sounds any more."""
        self._sentence = None

    def ended(self, now: float) -> bool:
        """Whether a sentence has just sounded to its end; told once."""
        over = self._sentence is not None and now - self._began >= self._sentence.seconds
        if over:
            self.end()
        return over

    def due(self, now: float, per_clause: float, tempo: float, busy: bool) -> str | None:
        """The occasion of the gesture to begin now, if one is due.

        per_clause: gestures a clause; tempo: factor on a move's length; busy: another gesture is under way.
        """
        if self._sentence is None or not self._clauses or now - self._began < self._clauses[0]:
            return None
        self._clauses.popleft()
        left = self._sentence.seconds - (now - self._began)
        self._credit = min(self._credit + per_clause, 1.0 + per_clause)
        if busy or left < SHORT_MOVE * tempo or not (self._opening or self._credit >= 1.0):
            return None
        self._credit = max(0.0, self._credit - 1.0)
        fits = left >= LONG_MOVE * tempo
        occasion = self._sentence.occasion if self._sentence.occasion and fits and not self._shown else BEAT
        self._opening, self._shown = False, True
        return occasion
