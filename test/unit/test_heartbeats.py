"""Who is missed, and when."""

import pytest

from phied_robot.nodes.heartbeats import SILENCE, WITHOUT, Heartbeats


def test_a_node_that_never_came_is_missed_but_not_gone() -> None:
    heartbeats = Heartbeats(["session"], 10.0)
    assert heartbeats.missing(10.0 + SILENCE) == ""
    assert "no sign of session" in heartbeats.missing(10.1 + SILENCE)
    assert not heartbeats.gone("session", 1000.0)


def test_a_node_that_fell_silent_is_gone_until_it_is_heard_again() -> None:
    heartbeats = Heartbeats(["session", "language_model"], 0.0)
    for second in range(20):
        heartbeats.heard("session", float(second))
        heartbeats.heard("somebody_else", float(second))
    assert not heartbeats.gone("session", 19.0 + SILENCE)
    assert heartbeats.gone("session", 19.1 + SILENCE)
    heartbeats.heard("session", 40.0)
    assert not heartbeats.gone("session", 41.0)
    assert "language_model" in heartbeats.missing(41.0)


@pytest.mark.parametrize("node", WITHOUT)
def test_the_sentence_says_what_is_lost(node: str) -> None:
    said = Heartbeats([node], 0.0).missing(100.0)
    assert said.startswith(f"no sign of {node}") and WITHOUT[node] in said
