"""The response node: a strategy in, the answer out, sentence by sentence."""

from dataclasses import dataclass, field

from pydantic import Field

from phied_robot import topics
from phied_robot.messages import (
    ChatMessage,
    Control,
    LlmCancel,
    LlmChunk,
    LlmRequest,
    LlmResult,
    LlmState,
    MalformedPayloadError,
    Progress,
    Reply,
    Session,
    Strategy,
    Turn,
)
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, TutorNode, run
from phied_robot.pedagogy.prompts import PROMPT_VERSION
from phied_robot.pedagogy.sentences import SentenceCutter
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.pedagogy.tutoring import Tutoring


class ResponseGenerationSettings(Settings):
    """Parameters of the response node."""

    history_turns: int = Field(4, ge=0, le=40, description="Turns of the conversation that the model sees.")
    max_new_tokens: int = Field(120, ge=8, le=1024, description="Longest answer in tokens.")
    temperature: float = Field(0.0, ge=0.0, le=2.0, description="Sampling temperature; 0 is greedy and repeatable.")
    seed: int = Field(0, ge=0, le=2_147_483_647, description="Seed of the sampling.")


@dataclass
class _Answer:
    """The answer under way."""

    strategy: Strategy
    request_id: str
    cutter: SentenceCutter = field(default_factory=SentenceCutter)
    text: str = ""
    sentences: int = 0


class ResponseGenerationNode(TutorNode[ResponseGenerationSettings]):
    """Asks the language model for an answer and cuts it into sentences."""

    def __init__(self) -> None:
        """Wait for a session and for strategies."""
        super().__init__("response_generation", ResponseGenerationSettings)
        self.describe(prompt_version=PROMPT_VERSION)
        self._tutoring = Tutoring(self.settings.history_turns)
        self._answer: _Answer | None = None
        self._last_turn = ""
        self.advertise(topics.REPLY, topics.LLM_REQUEST, topics.LLM_CANCEL)
        self.rely_on("session", "language_model")
        self.listen(topics.SESSION, Session, self._session_changed)
        self.listen(topics.PROGRESS, Progress, self._tutoring.set_progress)
        self.listen(topics.TURN, Turn, self._turn_changed)
        self.listen(topics.CONTROL, Control, self._controlled)
        self.listen(topics.STRATEGY, Strategy, self._strategy_chosen)
        self.listen(topics.LLM_CHUNK, LlmChunk, self._text_came)
        self.listen(topics.LLM_RESULT, LlmResult, self._text_ended)
        self.listen(topics.LLM_STATE, LlmState, self._model_changed)

    def health(self) -> Health:
        """A warning until the session is known."""
        if not self._tutoring.ready:
            return Health("warning", "waiting for tutor/session: is the session node running?", {})
        return Health("ok", "running", {})

    def _session_changed(self, session: Session) -> None:
        self.session_id = session.session_id
        self._tutoring.set_session(session)

    def _turn_changed(self, turn: Turn) -> None:
        if turn.done:
            self._tutoring.remember(turn)
        answer = self._answer
        if answer is None or turn.turn_id != answer.strategy.turn_id:
            return
        # A voice before the first sentence is the session node's, which has stood in for this node.
        if turn.done or (turn.phase == "speaking" and not answer.sentences):
            self._drop()

    def _model_changed(self, model: LlmState) -> None:
        """A model that loads in the middle of an answer has died: what was said is the answer."""
        answer = self._answer
        if answer is not None and model.state == "loading":
            self._end(answer) if answer.sentences else self._say_prepared(answer)

    def _strategy_chosen(self, strategy: Strategy) -> None:
        if strategy.label not in BY_LABEL:
            raise MalformedPayloadError(f"strategy: there is no strategy {strategy.label!r}")
        if not self._tutoring.ready or strategy.turn_id == self._last_turn:
            return
        self._drop()
        self._last_turn = strategy.turn_id
        self._answer = _Answer(strategy, f"{strategy.turn_id}.response")
        if scripted := self._tutoring.scripted(strategy.question):
            self._say_scripted(self._answer, scripted.text)
            return
        if self.gone("language_model"):
            self._say_prepared(self._answer)
            return
        request = LlmRequest(
            request_id=self._answer.request_id,
            turn_id=strategy.turn_id,
            adapter="response",
            messages=[
                ChatMessage.model_validate(message)
                for message in self._tutoring.response_messages(strategy.question, strategy.label)
            ],
            max_new_tokens=self.settings.max_new_tokens,
            temperature=self.settings.temperature,
            seed=self.settings.seed,
        )
        self.send(topics.LLM_REQUEST, request)

    def _text_came(self, chunk: LlmChunk) -> None:
        answer = self._answer
        if answer is not None and chunk.request_id == answer.request_id:
            answer.text += chunk.text
            for sentence in answer.cutter.feed(chunk.text):
                self._say(answer, sentence)

    def _text_ended(self, result: LlmResult) -> None:
        answer = self._answer
        if answer is None or result.request_id != answer.request_id:
            return
        if result.status == "ok":  # else half a sentence is none
            # Of two topics either may be the faster: the end can come before the last words.
            late = result.text[len(answer.text) :] if result.text.startswith(answer.text) else ""
            for sentence in [*answer.cutter.feed(late), *answer.cutter.finish()]:
                self._say(answer, sentence)
        if answer.sentences:
            self._end(answer)
        elif result.status != "cancelled":
            self.get_logger().warning(f"no answer from the language model ({result.reason or 'it was empty'})")
            self._say_prepared(answer)

    def _controlled(self, control: Control) -> None:
        answer = self._answer
        if answer is None or control.turn_id not in ("", answer.strategy.turn_id):
            return
        if control.action in ("stop", "cancel", "pause"):
            self._drop()
        elif control.action == "prepared_reply" and not answer.sentences:
            self.send(topics.LLM_CANCEL, LlmCancel(turn_id=answer.strategy.turn_id))
            self._say_prepared(answer)

    def _say(self, answer: _Answer, sentence: str, source: str = "model") -> None:
        answer.sentences += 1
        reply = {
            "turn_id": answer.strategy.turn_id,
            "sentence": sentence,
            "strategy": answer.strategy.label,
            "source": source,
        }
        self.send(topics.REPLY, Reply.model_validate(reply))

    def _say_scripted(self, answer: _Answer, text: str) -> None:
        for sentence in [*answer.cutter.feed(text), *answer.cutter.finish()]:
            self._say(answer, sentence, "lesson")
        self._end(answer)

    def _say_prepared(self, answer: _Answer) -> None:
        self._say(answer, self._tutoring.prepared_answer(answer.strategy.question), "prepared")
        self._end(answer)

    def _end(self, answer: _Answer) -> None:
        self.send(topics.REPLY, Reply(turn_id=answer.strategy.turn_id, strategy=answer.strategy.label, done=True))
        self._answer = None

    def _drop(self) -> None:
        if self._answer is not None:
            self.send(topics.LLM_CANCEL, LlmCancel(turn_id=self._answer.strategy.turn_id))
            self._answer = None


def main() -> None:
    """Run the response node."""
    run(ResponseGenerationNode)


if __name__ == "__main__":
    main()
