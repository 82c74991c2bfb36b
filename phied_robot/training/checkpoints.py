"""The folder of a run: to whom it belongs, and from where an interrupted run goes on."""

import json
import shutil
from pathlib import Path
from typing import Any

from phied_robot.language_model.adapters import WEIGHTS
from phied_robot.training.configuration import Configuration, Task, TrainingError
from phied_robot.training.encoding import Part
from phied_robot.training.processes import count, is_sharded

IDENTITY = "run.json"
CHECKPOINTS = "checkpoints"
WITHOUT_INFLUENCE = {"output", "device", "report_to", "licence"}
"""Settings that may change between a run and its continuation."""


def claim(task: Task, configuration: Configuration, train: Part, validation: Part) -> Path:
    """Take the output folder for a run, or for the continuation of the same run; gives the folder for checkpoints.

    Raises:
        TrainingError: a finished adapter or another run is in it, or it cannot be written.
    """
    output = configuration.output
    if (output / WEIGHTS).exists():
        raise TrainingError(f"{output} holds a finished adapter: name another output, or move it away")
    identity = _identity(task, configuration, train, validation)
    try:
        output.mkdir(parents=True, exist_ok=True)
        known = output / IDENTITY
        if known.exists():
            before = json.loads(known.read_text(encoding="utf-8"))
            if changed := sorted(key for key in identity.keys() | before if identity.get(key) != before.get(key)):
                raise TrainingError(
                    f"{output} holds a run that was begun otherwise ({', '.join(changed)} changed): "
                    "name another output, or remove the folder to begin anew"
                )
        else:
            known.write_text(json.dumps(identity, indent=1) + "\n", encoding="utf-8")
        (output / CHECKPOINTS).mkdir(exist_ok=True)
    except (OSError, json.JSONDecodeError) as error:
        raise TrainingError(f"{output} cannot be used: {error}") from error
    return output / CHECKPOINTS


def last_whole(checkpoints: Path) -> Path | None:
    """The newest checkpoint that was written to its end; half ones, left by a kill, are removed."""
    folders = sorted(checkpoints.glob("checkpoint-*"), key=lambda folder: -step_of(folder))
    for folder in folders:
        if _is_whole(folder):
            return folder
        shutil.rmtree(folder, ignore_errors=True)  # another process may be at it
    return None


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(checkpoint.name.rsplit("-", 1)[-1])


def _is_whole(folder: Path) -> bool:
    """The trainer's state is the last file of a checkpoint."""
    try:
        json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (folder / WEIGHTS).is_file()


def _identity(task: Task, configuration: Configuration, train: Part, validation: Part) -> dict[str, Any]:
    return {
        "task": task,
        **configuration.model_dump(mode="json", exclude=WITHOUT_INFLUENCE),
        "train": train.fingerprint,
        "validation": validation.fingerprint,
        **({"processes": count(), "sharded": is_sharded()} if count() > 1 or is_sharded() else {}),
    }
