"""What becomes of nodes that die: started again within a bound, and then done without."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phied_robot.cli.supervisor import RESTARTS, NodeFailedError, Supervisor

PARAMETERS = Path(__file__).parents[2] / "config" / "tutor.yaml"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(PARAMETERS, tmp_path, "/")
    yield made
    made.stop()


def told(look: Callable[[], list[str]]) -> str:
    """What the supervisor says once it has seen a death."""
    while not (sentences := look()):
        time.sleep(0.01)
    (sentence,) = sentences
    return sentence


def test_a_node_that_dies_too_often_stays_away_and_the_lesson_goes_on(supervisor: Supervisor) -> None:
    supervisor.start("reachy_mini")
    for death in range(1, RESTARTS + 2):
        os.kill(supervisor.processes()["reachy_mini"], signal.SIGKILL)
        said = told(lambda: supervisor.look_after(in_lesson=True))
        assert ("started again" in said) == (death <= RESTARTS)
    assert "goes on without it" in said and supervisor.gone == {"reachy_mini"}
    assert supervisor.look_after(in_lesson=True) == []


@pytest.mark.parametrize(("node", "in_lesson"), [("session", True), ("reachy_mini", False)])
def test_without_a_session_node_or_before_the_lesson_the_tutor_ends(
    supervisor: Supervisor, node: str, in_lesson: bool
) -> None:
    supervisor.start(node)
    for _ in range(RESTARTS):
        os.kill(supervisor.processes()[node], signal.SIGKILL)
        told(lambda: supervisor.look_after(in_lesson=in_lesson))
    os.kill(supervisor.processes()[node], signal.SIGKILL)
    with pytest.raises(NodeFailedError, match=f"{node} died 4 times"):
        told(lambda: supervisor.look_after(in_lesson=in_lesson))


def test_a_setting_that_a_node_refuses_ends_the_start_with_its_sentence(supervisor: Supervisor) -> None:
    supervisor.start("robot_expression", audio_device="no such device")
    with pytest.raises(NodeFailedError, match="no such device"):
        told(supervisor.look_after)
