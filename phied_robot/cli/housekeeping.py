"""What every command that starts nodes does: a folder for its logs, and an end that leaves no process behind."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType

from phied_robot.sessions.store import state_folder

KEPT_RUNS = 20


class SettingError(ValueError):
    """A setting that cannot work; the text says which and what to do."""


def run_folder() -> Path:
    """A new folder for this run's logs; only the newest runs are kept."""
    runs = state_folder() / "runs"
    folder = runs / f"{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise SettingError(
            f"the folder {folder} for logs cannot be made ({error.strerror}); set XDG_STATE_HOME"
        ) from error
    for old in sorted(runs.iterdir())[:-KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def undisturbed(stop: Callable[[], None]) -> Callable[[], None]:
    """End processes to the last one, whatever keys are pressed meanwhile."""

    def run_undisturbed() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stop()

    return run_undisturbed


def as_interrupt(_number: int, _frame: FrameType | None) -> None:
    """A signal handler that ends as Ctrl-C does."""
    raise KeyboardInterrupt
