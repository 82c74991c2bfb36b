"""The engine that replays CUDA graphs: one for each length of a prompt's piece, one for a step of the answer."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

from phied_robot.language_model.cache import owners
from phied_robot.language_model.gpu.phi3 import Phi3
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.sampling import Chooser, Sampling

LENGTHS = (64, 128, 256, 512)
"""A piece of a prompt is filled up to one of them. It unpacks all weights, so that 16 tokens cost what 64 do."""


class GraphEngine:
    """Computes tokens into one cache an adapter. One graph serves all adapters: which one is read from memory."""

    prefill_chunk = LENGTHS[-1]

    def __init__(self, loaded: LoadedModel, context: int) -> None:
        """Make the caches for `context` tokens each, and capture the graphs."""
        self._adapters = loaded.adapters
        self._slots = owners(loaded.adapters)
        self._model = Phi3(loaded.model, loaded.adapters, len(self._slots), context, LENGTHS[-1])
        self._chooser = Chooser(loaded.model.config.vocab_size, loaded.device)
        # Pinned, so that a copy from or to it does not wait for the GPU.
        self._prompt = torch.zeros(LENGTHS[-1], dtype=torch.long).pin_memory()
        self._numbers = torch.zeros(4, dtype=torch.int32).pin_memory()
        self._token = torch.zeros(1, dtype=torch.long).pin_memory()
        self._copied: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()
        with torch.inference_mode():
            self._prompts = {length: self._capture(partial(self._model.prompt, length)) for length in LENGTHS}
            self._steps = {greedy: self._capture(partial(self._step, greedy)) for greedy in (True, False)}
        torch.cuda.empty_cache()

    def choose(self, adapter: str) -> None:
        """Send which adapter and which cache; a prompt and an answer do so with their position."""
        self._copied.synchronize()
        self._request(adapter, 0, 0)
        self._copied.record()

    def prefill(self, adapter: str, ids: list[int], start: int) -> None:
        """Compute tokens that stand at `start` and behind it; what stood there before is forgotten."""
        self._copied.synchronize()  # the last copy from pinned memory
        self._prompt[: len(ids)] = torch.tensor(ids)
        self._request(adapter, start, len(ids) - 1)
        self._model.ids.copy_(self._prompt, non_blocking=True)
        self._copied.record()
        self._prompts[next(length for length in LENGTHS if length >= len(ids))].replay()

    def logits(self) -> Any:
        """The logits after the last token computed: float32 on the CPU, of shape (vocabulary,)."""
        return self._model.logits.cpu()

    def decode(self, adapter: str, start: int, prompt: list[int], sampling: Sampling) -> Iterator[int]:
        """Choose token after token from the logits; while one is looked at, the GPU computes the next."""
        self._chooser.begin(sampling, prompt)
        self._chooser.draw()
        self._copied.synchronize()
        self._request(adapter, start, 0)
        self._model.token.copy_(self._chooser.choose(self._model.logits, greedy=self._chooser.greedy))
        while True:
            self._token.copy_(self._model.token, non_blocking=True)
            self._copied.record()
            self._chooser.draw()
            self._steps[self._chooser.greedy].replay()
            self._copied.synchronize()
            yield int(self._token)

    def _request(self, adapter: str, position: int, last: int) -> None:
        number = self._adapters.index(adapter) if adapter else -1
        self._numbers[:] = torch.tensor([self._slots.index(adapter), number, position, last])
        self._model.request.numbers.copy_(self._numbers, non_blocking=True)

    def _step(self, greedy: bool) -> None:
        self._model.step()
        self._model.token.copy_(self._chooser.choose(self._model.logits, greedy=greedy))

    def _capture(self, work: Callable[[], None]) -> torch.cuda.CUDAGraph:
        side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            work()  # compiles the kernels, which a capture cannot
        side.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, self._pool, capture_error_mode="thread_local"):
            work()
        return graph
