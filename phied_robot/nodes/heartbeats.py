"""Which of the nodes that a node relies on are there, by their diagnostics, and what is lost without each."""

from collections.abc import Iterable

SILENCE = 8.0
"""Seconds without diagnostics, which come every second, after which a node is missed."""

NO_SIGN = "no sign of"
WITHOUT = {
    "session": "questions wait for it",
    "pedagogical_strategy": "the default strategy is taken",
    "response_generation": "answers are prepared sentences",
    "language_model": "the default strategy and prepared sentences are taken",
    "robot_expression": "answers are text, without voice and motion",
}


class Heartbeats:
    """Times are steady, in seconds."""

    def __init__(self, nodes: Iterable[str], now: float) -> None:
        """Begin to wait for `nodes`."""
        self._began = now
        self._heard: dict[str, float | None] = dict.fromkeys(nodes)

    def heard(self, node: str, now: float) -> None:
        """A node has said how it is."""
        if node in self._heard:
            self._heard[node] = now

    def gone(self, node: str, now: float) -> bool:
        """Whether a node was there and has fallen silent."""
        heard = self._heard[node]
        return heard is not None and now - heard > SILENCE

    def missing(self, now: float) -> str:
        """One sentence on the first node that is not there, or an empty string."""
        for node, heard in self._heard.items():
            if now - (self._began if heard is None else heard) > SILENCE:
                return f"{NO_SIGN} {node} for {SILENCE:g} s: {WITHOUT[node]}"
        return ""
