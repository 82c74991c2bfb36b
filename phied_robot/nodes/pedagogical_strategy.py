"""The strategy node: what the child said in, how to teach next out."""

from pydantic import Field

from phied_robot import topics
from phied_robot.messages import (
    ChatMessage,
    Control,
    LlmCancel,
    LlmRequest,
    LlmResult,
    MalformedPayloadError,
    Progress,
    Session,
    Strategy,
    Turn,
)
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, TutorNode, run
from phied_robot.pedagogy.prompts import PROMPT_VERSION
from phied_robot.pedagogy.strategies import DEFAULT, codes, from_codes, reveals_answer
from phied_robot.pedagogy.tutoring import Tutoring


class PedagogicalStrategySettings(Settings):
    """Parameters of the strategy node."""

    history_turns: int = Field(4, ge=0, le=40, description="Turns of the conversation that the model sees.")


class PedagogicalStrategyNode(TutorNode[PedagogicalStrategySettings]):
    """Asks the language model to score the labels, and publishes the best with the whole distribution."""

    def __init__(self) -> None:
        """Wait for a session and for turns that begin."""
        super().__init__("pedagogical_strategy", PedagogicalStrategySettings)
        self.describe(prompt_version=PROMPT_VERSION)
        self._tutoring = Tutoring(self.settings.history_turns)
        self._question: Turn | None = None
        self.advertise(topics.STRATEGY, topics.LLM_REQUEST, topics.LLM_CANCEL)
        self.rely_on("session", "language_model")
        self.listen(topics.SESSION, Session, self._session_changed)
        self.listen(topics.PROGRESS, Progress, self._tutoring.set_progress)
        self.listen(topics.TURN, Turn, self._turn_changed)
        self.listen(topics.CONTROL, Control, self._controlled)
        self.listen(topics.LLM_RESULT, LlmResult, self._scored)

    def health(self) -> Health:
        """A warning until the session is known."""
        if not self._tutoring.ready:
            return Health("warning", "waiting for tutor/session: is the session node running?", {})
        return Health("ok", "running", {"turns remembered": self._tutoring.turns})

    def _session_changed(self, session: Session) -> None:
        self.session_id = session.session_id
        self._tutoring.set_session(session)

    def _turn_changed(self, turn: Turn) -> None:
        if turn.done:
            self._tutoring.remember(turn)
        if turn.phase == "deciding":
            self._decide(turn)
        elif self._question is not None and turn.turn_id == self._question.turn_id:
            # The session node has stood in for this node, or the turn is over.
            self._drop()

    def _decide(self, turn: Turn) -> None:
        if not self._tutoring.ready:
            return
        self._drop()
        self._question = turn
        if scripted := self._tutoring.scripted(turn.heard):
            self._choose({scripted.strategy: 1.0}, "lesson")
            return
        if self.gone("language_model"):
            self._choose({DEFAULT: 1.0}, "default")
            return
        request = LlmRequest(
            request_id=f"{turn.turn_id}.strategy",
            turn_id=turn.turn_id,
            adapter="strategy",
            messages=[ChatMessage.model_validate(message) for message in self._tutoring.strategy_messages(turn.heard)],
            choices=codes(),
        )
        self.send(topics.LLM_REQUEST, request)

    def _scored(self, result: LlmResult) -> None:
        if self._question is None or result.request_id != f"{self._question.turn_id}.strategy":
            return
        if result.status == "ok":
            probabilities = from_codes(result.probabilities)
            if not probabilities:
                raise MalformedPayloadError("llm_result: it holds no probability of a strategy")
            self._choose(probabilities, "model")
        elif result.status != "cancelled":
            self.get_logger().warning(f"no strategy from the language model ({result.reason}): taking the default")
            self._choose({DEFAULT: 1.0}, "default")

    def _controlled(self, control: Control) -> None:
        if self._question is None or control.turn_id not in ("", self._question.turn_id):
            return
        if control.action == "default_strategy":
            self._choose({DEFAULT: 1.0}, "default")
        elif control.action in ("stop", "cancel", "pause"):
            self._drop()

    def _choose(self, probabilities: dict[str, float], source: str) -> None:
        assert self._question is not None
        question, self._question = self._question, None
        label = max(probabilities, key=lambda one: probabilities[one])
        strategy = {
            "turn_id": question.turn_id,
            "label": label,
            "probabilities": probabilities,
            "reveals_answer": reveals_answer(label),
            "source": source,
            "question": question.heard,
        }
        self.send(topics.STRATEGY, Strategy.model_validate(strategy))

    def _drop(self) -> None:
        if self._question is not None:
            self.send(topics.LLM_CANCEL, LlmCancel(turn_id=self._question.turn_id))
            self._question = None


def main() -> None:
    """Run the strategy node."""
    run(PedagogicalStrategyNode)


if __name__ == "__main__":
    main()
