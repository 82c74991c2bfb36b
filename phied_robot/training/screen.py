"""What a person sees of a run: sentences, examples, and a bar with the time left."""

from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

LINES = 20
"""Lines of progress in a run whose output goes to a file, where a bar cannot move."""


class Screen:
    """Writes to a terminal, or plain lines to a file."""

    def __init__(self, *, silent: bool = False) -> None:
        """Write to standard output; or nothing, where another process speaks."""
        self.console = Console(highlight=False, quiet=silent)

    def say(self, sentence: str) -> None:
        """One sentence."""
        self.console.print(sentence, markup=False, soft_wrap=True)

    def show_example(self, read: str, learned: str) -> None:
        """An example as the model sees it: what is learned stands between » and «, and is green."""
        self.console.print(Text.assemble((read, "dim"), ("»", "bold"), (learned, "bold green"), ("«", "bold")), "")


class Clock:
    """The time left, from the time that steps and evaluations took in this run so far."""

    def __init__(self, steps: int, done: int, evaluate_every: int) -> None:
        """Begin after `done` of `steps` steps."""
        self._steps, self._every = steps, evaluate_every
        self._times: dict[str, list[float]] = {"step": [], "evaluation": []}
        self._last = monotonic()
        self.done = done

    def step(self) -> None:
        """A step is over."""
        self._take("step")
        self.done += 1

    def evaluation(self) -> None:
        """An evaluation is over."""
        self._take("evaluation")

    def _take(self, kind: str) -> None:
        now = monotonic()
        self._times[kind].append(now - self._last)
        self._last = now

    @property
    def left(self) -> float | None:
        """Seconds to the last step, evaluations included; None before enough is known. Stopping early makes it less."""
        steps, evaluations = self._times["step"][1:], self._times["evaluation"]  # the first step warms up
        if not steps:
            return None
        remaining = self._steps - self.done
        evaluation = sum(evaluations) / len(evaluations) if evaluations else 0.0
        return remaining * sum(steps) / len(steps) + -(-remaining // self._every) * evaluation


class ProgressView:
    """The bar of a run, to be used with `with`."""

    def __init__(self, screen: Screen, clock: Clock, steps: int) -> None:
        """Show nothing yet."""
        self._screen, self._clock, self._steps = screen, clock, steps
        self._every = max(1, steps // LINES)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=screen.console, disable=not screen.console.is_terminal)
        self._task = self._bar.add_task("", total=steps, completed=clock.done)

    def __enter__(self) -> "ProgressView":
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def show(self, loss: float) -> None:
        """After a step."""
        done, left = self._clock.done, self._clock.left
        says = f"loss {loss:.3f}" + ("" if left is None else f", at most {_time(left)} left")
        self._bar.update(self._task, completed=done, description=says)
        if not self._screen.console.is_terminal and (done % self._every == 0 or done == self._steps):
            self._screen.say(f"step {done} of {self._steps}, {says}")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
