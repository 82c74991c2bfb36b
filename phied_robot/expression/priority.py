"""A say in who runs first, for threads that must never be late and need next to nothing."""

import contextlib
import os


def go_first() -> None:
    """Let this thread run before all ordinary ones, where the system grants it (docs/expression.md says how)."""
    with contextlib.suppress(AttributeError, PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
