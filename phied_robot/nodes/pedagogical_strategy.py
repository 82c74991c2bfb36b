"""The strategy node: what the child said in, how to teach next out."""

from pydantic import Field

from phied_robot import topics
from phied_robot.messages import (
    ChatMessage,
    Control,
    LlmCancel,
    LlmRequest,
    LlmResult,
    Session,
    Strategy,
    Transcript,
    Turn,
)
from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.tutor_node import Health, TutorNode, run
from phied_robot.pedagogy.prompts import PROMPT_VERSION
from phied_robot.pedagogy.questions import check_question
from phied_robot.pedagogy.strategies import DEFAULT, codes, from_codes, reveals_answer
from phied_robot.pedagogy.tutoring import Tutoring


class PedagogicalStrategySettings(Settings):
    """Parameters of the strategy node."""

    history_turns: int = Field(4, ge=0, le=40, description="Turns of the conversation that the model sees.")


class PedagogicalStrategyNode(TutorNode[PedagogicalStrategySettings]):
    """Asks the language model to score the labels, and publishes the best with the whole distribution."""

    def __init__(self) -> None:
        """Wait for a session and for transcripts."""
        super().__init__("pedagogical_strategy", PedagogicalStrategySettings)
        self.describe(prompt_version=PROMPT_VERSION)
        self._tutoring = Tutoring(self.settings.history_turns)
        self._paused = False
        self._transcript: Transcript | None = None
        self.advertise(topics.STRATEGY, topics.LLM_REQUEST, topics.LLM_CANCEL)
        self.listen(topics.SESSION, Session, self._session_changed)
        self.listen(topics.TURN, Turn, self._turn_changed)
        self.listen(topics.CONTROL, Control, self._controlled)
        self.listen(topics.TRANSCRIPT, Transcript, self._heard)
        self.listen(topics.LLM_RESULT, LlmResult, self._scored)

    def health(self) -> Health:
        """A warning until the session is known."""
        if not self._tutoring.ready:
            return Health("warning", "waiting for tutor/session: is the session node running?", {})
        return Health("ok", "running", {"turns remembered": self._tutoring.turns})

    def _session_changed(self, session: Session) -> None:
        self.session_id, self._paused = session.session_id, session.paused
        self._tutoring.set_session(session)

    def _turn_changed(self, turn: Turn) -> None:
        if turn.done:
            self._tutoring.remember(turn)

    def _heard(self, transcript: Transcript) -> None:
        if not transcript.final or not self._tutoring.ready or self._paused:
            return
        if check_question(transcript.final, self._tutoring.session.language) is not None:
            return
        if self._transcript is not None:
            self.send(topics.LLM_CANCEL, LlmCancel(turn_id=self._transcript.turn_id))
        self._transcript = transcript
        request = LlmRequest(
            request_id=f"{transcript.turn_id}.strategy",
            turn_id=transcript.turn_id,
            adapter="strategy",
            messages=[
                ChatMessage.model_validate(message) for message in self._tutoring.strategy_messages(transcript.final)
            ],
            choices=codes(),
        )
        self.send(topics.LLM_REQUEST, request)

    def _scored(self, result: LlmResult) -> None:
        if self._transcript is None or result.request_id != f"{self._transcript.turn_id}.strategy":
            return
        if result.status == "ok":
            self._choose(from_codes(result.probabilities), "model")
        elif result.status != "cancelled":
            self.get_logger().warning(f"no strategy from the language model ({result.reason}): taking the default")
            self._choose({DEFAULT: 1.0}, "default")

    def _controlled(self, control: Control) -> None:
        if self._transcript is None or control.turn_id not in ("", self._transcript.turn_id):
            return
        if control.action == "default_strategy":
            self._choose({DEFAULT: 1.0}, "default")
        elif control.action in ("stop", "cancel", "pause"):
            self.send(topics.LLM_CANCEL, LlmCancel(turn_id=self._transcript.turn_id))
            self._transcript = None

    def _choose(self, probabilities: dict[str, float], source: str) -> None:
        assert self._transcript is not None
        transcript, self._transcript = self._transcript, None
        label = max(probabilities, key=lambda one: probabilities[one])
        strategy = {
            "turn_id": transcript.turn_id,
            "label": label,
            "probabilities": probabilities,
            "reveals_answer": reveals_answer(label),
            "source": source,
            "question": transcript.final,
        }
        self.send(topics.STRATEGY, Strategy.model_validate(strategy))


def main() -> None:
    """Run the strategy node."""
    run(PedagogicalStrategyNode)


if __name__ == "__main__":
    main()
