"""The one thread that owns the model, with a bounded queue in front of it."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from phied_robot.language_model.chat import Message
from phied_robot.language_model.generation import Generation
from phied_robot.language_model.loading import Progress
from phied_robot.language_model.prefix import CancelledError
from phied_robot.language_model.sources import ModelError, first_line
from phied_robot.messages import LlmRequest, LlmResult

REMEMBERED = 2.0
"""Seconds that a cancellation waits for requests of its turn: they come by another topic, so they may be overtaken."""


class LanguageModel(Protocol):
    """What a worker asks of a model.

    `engine` says in a sentence where it is computed, and `trouble` what ails it now. `left_out` counts the oldest
    exchanges that the last prompt had no room for.
    """

    engine: str
    trouble: str

    @property
    def left_out(self) -> int: ...  # noqa: D102

    def warm_up(self) -> None: ...  # noqa: D102

    def generate(  # noqa: D102
        self,
        messages: list[Message],
        adapter: str,
        *,
        max_new_tokens: int,
        temperature: float,
        seed: int,
        on_text: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Generation: ...

    def score(  # noqa: D102
        self, messages: list[Message], adapter: str, choices: list[str], *, cancelled: Callable[[], bool]
    ) -> dict[str, float]: ...


@dataclass(eq=False)
class Job:
    """A request on its way; `cancelled` is looked at before every token."""

    request: LlmRequest
    submitted: float = field(default_factory=monotonic)
    began: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)


class Worker:
    """Loads a model and answers requests, one after the other; every request gets exactly one result.

    `model` is the model once it is loaded.

    Callbacks come from the worker's thread, and for what is refused or cancelled while it waits from the caller's.
    """

    def __init__(
        self,
        make_model: Callable[[Progress], LanguageModel],
        queue_size: int,
        on_state: Callable[[str, float, str], None],
        on_chunk: Callable[[LlmRequest, str], None],
        on_result: Callable[[LlmResult], None],
    ) -> None:
        """Prepare; `start` begins to load.

        Args:
            make_model: loads the model, and reports its progress.
            queue_size: requests that may wait beside the one that runs.
            on_state: told "loading", "ready" or "failed", the progress from 0 to 1, and a sentence.
            on_chunk: told each piece of an answer.
            on_result: told each request's end.
        """
        self._make_model = make_model
        self._queue_size = queue_size
        self._on_state, self._on_chunk, self._on_result = on_state, on_chunk, on_result
        self._unready = "the language model is still loading"
        self.model: LanguageModel | None = None
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._cancelled_turns: dict[str, float] = {}
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="language_model", daemon=True)

    def start(self) -> None:
        """Begin to load the model."""
        self._thread.start()

    def submit(self, request: LlmRequest) -> None:
        """Queue a request, or refuse it with a reason."""
        job = Job(request)
        with self._changed:
            refusal = self._unready
            if not refusal and len(self._waiting) >= self._queue_size:
                refusal = f"the language model is busy: {len(self._waiting)} requests are waiting"
            overtaken = self._was_cancelled(request.turn_id)
            if not refusal and not overtaken:
                self._waiting.append(job)
                self._changed.notify()
        if refusal:
            self._end(job, "refused", refusal)
        elif overtaken:
            self._end(job, "cancelled")

    def cancel(self, turn_id: str) -> None:
        """End all jobs of a turn: those that wait at once, the one that runs within a token."""
        with self._changed:
            self._cancelled_turns[turn_id] = monotonic()
            ended = [job for job in self._waiting if job.request.turn_id == turn_id]
            for job in ended:
                self._waiting.remove(job)
            if self._running and self._running.request.turn_id == turn_id:
                self._running.cancelled.set()
        for job in ended:
            self._end(job, "cancelled")

    def close(self, deadline_s: float = 2.0) -> None:
        """Cancel everything and join the thread, at most `deadline_s` seconds; what is still loading ends by itself."""
        with self._changed:
            self._closing = True
            self._unready = "the language model is shutting down"
            ended = list(self._waiting)
            self._waiting.clear()
            if self._running:
                self._running.cancelled.set()
            self._changed.notify()
        for job in ended:
            self._end(job, "cancelled", self._unready)
        if self.model is not None:
            self._thread.join(deadline_s)

    def _work(self) -> None:
        self.model = self._load()
        while self.model is not None and (job := self._next()) is not None:
            self._run(self.model, job)
            with self._changed:
                self._running = None

    def _load(self) -> LanguageModel | None:
        try:
            model = self._make_model(self._progress)
            self._progress(0.95, "warming up")
            model.warm_up()
        except CancelledError:
            return None
        except Exception as error:
            reason = _sentence(error, "the language model cannot be loaded")
            with self._changed:
                self._unready = self._unready if self._closing else reason
            self._on_state("failed", 0.0, reason)
            return None
        with self._changed:
            if self._closing:
                return None
            self._unready = ""
        self._on_state("ready", 1.0, f"the language model runs on {model.engine}")
        return model

    def _progress(self, fraction: float, says: str) -> None:
        if self._closing:
            raise CancelledError
        self._on_state("loading", fraction, says)

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._closing:
                return None
            self._running = self._waiting.popleft()
            return self._running

    def _run(self, model: LanguageModel, job: Job) -> None:
        job.began = monotonic()
        try:
            outcome = self._score(model, job) if job.request.choices else self._generate(model, job)
        except CancelledError:
            outcome = {"status": "cancelled"}
        except Exception as error:
            outcome = {"status": "failed", "reason": _sentence(error, "the language model failed")}
        self._end(job, **outcome)

    def _score(self, model: LanguageModel, job: Job) -> dict[str, Any]:
        request = job.request
        probabilities = model.score(
            _messages(request), request.adapter, request.choices, cancelled=job.cancelled.is_set
        )
        return {"status": "ok", "probabilities": probabilities, "prefill": monotonic() - job.began}

    def _generate(self, model: LanguageModel, job: Job) -> dict[str, Any]:
        request = job.request
        made = model.generate(
            _messages(request),
            request.adapter,
            max_new_tokens=request.max_new_tokens,
            temperature=request.temperature,
            seed=request.seed,
            on_text=lambda text: self._on_chunk(request, text),
            cancelled=job.cancelled.is_set,
        )
        status = "cancelled" if made.cancelled else "ok"
        return {"status": status, "text": made.text, "tokens": made.tokens, "prefill": made.seconds_to_first_token}

    def _end(self, job: Job, status: str, reason: str = "", prefill: float = 0.0, **content: Any) -> None:
        now = monotonic()
        timings = {"queued": (job.began or now) - job.submitted, "prefill": prefill, "total": now - job.submitted}
        request = job.request
        result = {"request_id": request.request_id, "turn_id": request.turn_id, "session_id": request.session_id}
        self._on_result(
            LlmResult.model_validate({**result, "status": status, "reason": reason, "timings": timings, **content})
        )

    def _was_cancelled(self, turn_id: str) -> bool:
        oldest = monotonic() - REMEMBERED
        self._cancelled_turns = {turn: when for turn, when in self._cancelled_turns.items() if when >= oldest}
        return turn_id in self._cancelled_turns


def _messages(request: LlmRequest) -> list[Message]:
    return [message.model_dump() for message in request.messages]


def _sentence(error: Exception, what: str) -> str:
    if isinstance(error, ModelError):
        return str(error)[:1_000]
    logging.getLogger(__name__).exception(what)
    return f"{what}: {type(error).__name__}: {first_line(error)}"[:1_000]
