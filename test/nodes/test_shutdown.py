"""How every node ends."""

import subprocess
import sys

# ros2 launch passes on the Ctrl-C that the terminal has sent already: the second comes while the node is closing.
INTERRUPTED_TWICE = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, TutorNode, run

class Node(TutorNode[Settings]):
    def __init__(self):
        super().__init__("interrupted_twice", Settings)
        self.every(0.01, lambda: os.kill(os.getpid(), signal.SIGINT))
    def health(self):
        return Health("ok", "running", {})
    def close(self):
        print("closing", flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        print("closed", flush=True)

run(Node)
"""

LIBRARY_THAT_TAKES_ITS_TIME = """
import atexit, os, signal, time
atexit.register(time.sleep, 1_000)
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import TutorNode, run

class Node(TutorNode[Settings]):
    def __init__(self):
        super().__init__("with_a_library", Settings)
        self.every(0.01, lambda: os.kill(os.getpid(), signal.SIGTERM))
    def close(self):
        print("closed")

run(Node)
"""


def test_a_second_interruption_does_not_cut_the_end_short() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED_TWICE], capture_output=True, text=True, timeout=100)
    assert ended.stdout.split() == ["closing", "closed"]
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_a_node_that_is_closed_waits_for_no_library() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LIBRARY_THAT_TAKES_ITS_TIME], capture_output=True, text=True, timeout=100
    )
    assert ended.stdout.split() == ["closed"]
    assert ended.returncode == 0
