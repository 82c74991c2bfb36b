"""Between the trainer and what people see. Imports transformers: import this module only where training begins."""

from typing import Any

from transformers import TrainerCallback

from phied_robot.training.records import Records
from phied_robot.training.screen import Clock, ProgressView, Screen


class Watcher(TrainerCallback):  # type: ignore[misc]
    """Keeps the records of a run and moves its bar."""

    def __init__(self, records: Records, clock: Clock, view: ProgressView, screen: Screen) -> None:
        """Take over what is told of each step."""
        self._records, self._clock, self._view, self._screen = records, clock, view, screen

    def on_step_end(self, _arguments: Any, _state: Any, _control: Any, **_more: Any) -> None:
        """A step is over."""
        self._clock.step()

    def on_log(self, _arguments: Any, state: Any, _control: Any, logs: dict[str, Any], **_more: Any) -> None:
        """The trainer reports a step or an evaluation."""
        line = self._records.add(state.global_step, logs)
        if line and "validation_loss" in line:
            self._screen.say(f"step {line['step']}: validation loss {line['validation_loss']:.4f}")
        elif line:
            self._view.show(line["loss"])

    def on_evaluate(self, _arguments: Any, _state: Any, _control: Any, **_more: Any) -> None:
        """An evaluation is over."""
        self._clock.evaluation()
        self._records.draw()
