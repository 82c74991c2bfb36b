"""One thread owns the model and serves a bounded queue of requests."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable

from phied_robot.language_model.generation import TutorModel
from phied_robot.language_model.loading import Progress, load
from phied_robot.language_model.sources import ModelError, ModelSource
from phied_robot.messages import LlmRequest, LlmResult


class Worker:
    """Loads a model, then answers requests in their order. Callbacks run on the worker's thread or the caller's."""

    def __init__(
        self,
        source: ModelSource,
        *,
        device: str,
        queue_size: int,
        on_state: Callable[[str, float, str], None],
        on_chunk: Callable[[LlmRequest, str], None],
        on_result: Callable[[LlmResult], None],
    ) -> None:
        """`on_state` gets "loading", "ready" or "failed", a fraction, and a sentence."""
        self._source = source
        self._device = device
        self._on_state = on_state
        self._on_chunk = on_chunk
        self._on_result = on_result
        self._queue: queue.Queue[tuple[LlmRequest, float] | None] = queue.Queue(queue_size + 1)
        self._queue_size = queue_size
        self._unready = "the language model is still loading"
        self._cancelled: deque[str] = deque(maxlen=256)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="language model", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def submit(self, request: LlmRequest) -> None:
        """Put a request into the queue, or refuse it with a reason."""
        if self._unready:
            self._refuse(request, self._unready)
        elif self._queue.qsize() >= self._queue_size:
            self._refuse(request, f"{self._queue_size} requests are waiting already")
        else:
            self._queue.put((request, time.monotonic()))

    def cancel(self, turn_id: str) -> None:
        """End all jobs of a turn, queued or running, within one token."""
        self._cancelled.append(turn_id)

    def close(self, deadline_s: float = 5.0) -> None:
        """Cancel what runs and wait for the thread's end."""
        self._unready = "the language model is shutting down"
        self._closing.set()
        self._queue.put(None)
        self._thread.join(deadline_s)

    def _run(self) -> None:
        model = self._load()
        if model is None:
            return
        while (item := self._queue.get()) is not None and not self._closing.is_set():
            request, queued = item
            self._on_result(self._serve(model, request, time.monotonic() - queued))

    def _load(self) -> TutorModel | None:
        began = time.monotonic()

        def progress(fraction: float, sentence: str) -> None:
            self._on_state("loading", fraction, sentence)

        try:
            model = self._ready_model(progress)
        except ModelError as error:
            self._fail(str(error))
        except Exception as error:
            self._fail(f"the language model could not be loaded: {type(error).__name__}: {error}")
        else:
            self._unready = ""
            self._on_state("ready", 1.0, f"{model.description}, ready after {time.monotonic() - began:.1f} s")
            return model
        return None

    def _ready_model(self, progress: Progress) -> TutorModel:
        model = TutorModel(load(self._source, device=self._device, progress=progress))
        progress(0.9, "warming up")
        model.warm_up()
        return model

    def _fail(self, sentence: str) -> None:
        self._unready = sentence[:1000]
        self._on_state("failed", 0.0, self._unready)

    def _serve(self, model: TutorModel, request: LlmRequest, queued: float) -> LlmResult:
        began = time.monotonic()
        messages = [message.model_dump() for message in request.messages]
        outcome: dict[str, object] = {}
        first_token = 0.0
        try:
            if self._is_cancelled(request):
                outcome = {"status": "cancelled"}
            elif request.choices:
                outcome = {"status": "ok", "probabilities": model.score(messages, request.adapter, request.choices)}
            else:
                generation = model.generate(
                    messages,
                    request.adapter,
                    max_new_tokens=request.max_new_tokens,
                    temperature=request.temperature,
                    seed=request.seed,
                    on_text=lambda text: self._on_chunk(request, text),
                    cancelled=lambda: self._is_cancelled(request),
                )
                first_token = generation.seconds_to_first_token
                status = "cancelled" if generation.cancelled else "ok"
                outcome = {"status": status, "text": generation.text, "tokens": generation.tokens}
        except Exception as error:  # One job's fault must not end the others.
            outcome = {"status": "failed", "reason": f"{type(error).__name__}: {error}"[:1000]}
        timings = {"queued": queued, "prefill": first_token, "total": time.monotonic() - began}
        return LlmResult.model_validate(
            {"request_id": request.request_id, "turn_id": request.turn_id, "timings": timings, "done": True, **outcome}
        )

    def _is_cancelled(self, request: LlmRequest) -> bool:
        return self._closing.is_set() or request.turn_id in self._cancelled

    def _refuse(self, request: LlmRequest, reason: str) -> None:
        self._on_result(
            LlmResult(
                request_id=request.request_id, turn_id=request.turn_id, status="refused", reason=reason, done=True
            )
        )
