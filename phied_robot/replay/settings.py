"""How the nodes are set for a replay: as they were, but patient, and apart from what the school keeps."""

from pathlib import Path
from typing import Any

from phied_robot.messages import Session
from phied_robot.replay.runs import Run

REPLAYED = {
    "language_model": ("model", "strategy_adapter", "response_adapter", "context", "server"),
    "pedagogical_strategy": ("history_turns",),
    "response_generation": ("history_turns", "max_new_tokens", "temperature", "seed"),
    "robot_expression": ("gesture_seed", "voice_engine", "voice_folder"),
    "speech_input": ("engine", "end_of_speech"),
}
"""Parameters that decide what is said and shown."""
PATIENT: dict[str, dict[str, Any]] = {
    "session": {"deciding_deadline": 60.0, "answering_deadline": 60.0},
    "robot_expression": {"filler_after": 10.0},
}
"""A slower machine is to give the same answers, so no stage falls back because it is late."""


def node_parameters(run: Run, node: str) -> dict[str, Any]:
    """The parameters of a node; those that the bag does not tell keep their defaults."""
    configuration = run.configuration.get(node)
    recorded = configuration.parameters if configuration else {}
    kept = {name: recorded[name] for name in REPLAYED.get(node, ()) if name in recorded}
    return {**kept, **PATIENT.get(node, {})}


def session_parameters(run: Run, store: Path) -> dict[str, Any]:
    """The session node's parameters: the recorded session, and a store of its own."""
    session = run.session or Session()
    return {
        "pupil": session.pupil,
        "age": session.age,
        "language": session.language,
        "lesson": session.lesson,
        "personality": str(session.extraversion),
        "store": str(store),
        **PATIENT["session"],
    }
