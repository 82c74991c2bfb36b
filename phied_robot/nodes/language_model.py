"""The language model node: one quantized base with two adapters, or a server that has them, and one worker."""

import threading

from pydantic import Field

from phied_robot import topics
from phied_robot.language_model.fingerprints import fingerprints
from phied_robot.language_model.loading import Progress
from phied_robot.language_model.opening import open_model
from phied_robot.language_model.prefix import CONTEXT
from phied_robot.language_model.remote import RemoteModel
from phied_robot.language_model.sources import ModelError, ModelSource, resolve
from phied_robot.language_model.worker import LanguageModel, Worker
from phied_robot.messages import LlmCancel, LlmChunk, LlmRequest, LlmResult, LlmState
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, StartError, TutorNode, run


class LanguageModelSettings(Settings):
    """Parameters of the language model node."""

    model: str = Field("demo", description="demo, a folder, or a hub id; a full model or an adapter such as Phi-Ed.")
    strategy_adapter: str = Field("", description='Adapter "strategy"; empty: MODEL/adapters/strategy if it is there.')
    response_adapter: str = Field("", description='Adapter "response"; empty: MODEL/adapters/response if it is there.')
    device: str = Field("auto", description="auto (a GPU where there is one), cuda or cpu.")
    context: int = Field(CONTEXT, ge=256, le=CONTEXT, description="Most tokens of a prompt and its answer.")
    server: str = Field("", description="URL of an OpenAI-compatible server that answers in the model's place.")
    server_patience: float = Field(1.5, ge=0.1, le=60, description="Seconds without a sign of the server.")
    queue_size: int = Field(8, ge=1, le=64, description="Jobs that may wait; one more is refused with a reason.")


class LanguageModelNode(TutorNode[LanguageModelSettings]):
    """Hands requests to the worker and its words back to the topics."""

    def __init__(self) -> None:
        """Begin to load the model; progress goes to llm/state."""
        super().__init__("language_model", LanguageModelSettings)
        settings = self.settings
        try:
            remote = RemoteModel(settings.server, patience=settings.server_patience) if settings.server else None
            alone = remote is not None and not settings.model
            source = None if alone else resolve(settings.model, settings.strategy_adapter, settings.response_adapter)
        except ModelError as error:
            raise StartError(str(error)) from error
        self._state = LlmState(state="loading")
        self.advertise(topics.LLM_STATE, topics.LLM_CHUNK, topics.LLM_RESULT)
        self._worker = Worker(
            lambda progress: self._open(source, remote, progress),
            queue_size=settings.queue_size,
            on_state=self._state_changed,
            on_chunk=self._chunk,
            on_result=self._result,
        )
        self.listen(topics.LLM_REQUEST, LlmRequest, self._worker.submit)
        self.listen(topics.LLM_CANCEL, LlmCancel, lambda cancel: self._worker.cancel(cancel.turn_id))
        self._worker.start()

    def close(self) -> None:
        """Cancel what runs and join the worker."""
        self._worker.close()

    def health(self) -> Health:
        """An error when the model could not be loaded, and a warning while a server cannot answer."""
        level = {"loading": "warning", "ready": "ok", "failed": "error"}[self._state.state]
        values: dict[str, object] = {"progress": f"{self._state.progress:.0%}"}
        trouble = ""
        if model := self._worker.model:
            trouble, values["exchanges left out of the prompt"] = model.trouble, model.left_out
        return Health("warning" if trouble else level, trouble or self._state.detail or self._state.state, values)

    def _open(self, source: ModelSource | None, remote: RemoteModel | None, progress: Progress) -> LanguageModel:
        settings = self.settings
        model = open_model(source, remote, device=settings.device, context=settings.context, progress=progress)
        if source:
            # Beside the model's own threads: large weights take a while to read.
            threading.Thread(target=self._tell_fingerprints, args=(source,), name="fingerprints", daemon=True).start()
        return model

    def _tell_fingerprints(self, source: ModelSource) -> None:
        self.describe(fingerprints=fingerprints(source))

    def _state_changed(self, state: str, progress: float, detail: str) -> None:
        self._state = LlmState.model_validate({"state": state, "progress": progress, "detail": detail})
        self.send(topics.LLM_STATE, self._state)

    def _chunk(self, request: LlmRequest, text: str) -> None:
        self.send(topics.LLM_CHUNK, LlmChunk(request_id=request.request_id, turn_id=request.turn_id, text=text))

    def _result(self, result: LlmResult) -> None:
        self.send(topics.LLM_RESULT, result)


def main() -> None:
    """Run the language model node."""
    run(LanguageModelNode)


if __name__ == "__main__":
    main()
