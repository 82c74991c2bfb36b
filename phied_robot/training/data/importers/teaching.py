"""What the importers of tutoring data share: one tutor's turn becomes a choice of strategy and an answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from phied_robot.training.data.examples import AgeGroup, Example

CHOOSE = "Choose how the tutor answers the child."
ANSWER = "Answer the child."


@dataclass(frozen=True)
class Origin:
    """Where examples come from; those of one conversation share it."""

    source: str
    conversation_id: str
    age_group: AgeGroup | None = None


def choice(conversation: str, label: str, accepted: Iterable[str], origin: Origin) -> Example:
    """The example from which the adapter "strategy" learns a teacher's choice.

    Args:
        conversation: up to the pupil's last words, as `write_dialogue` writes it.
        label: what the teacher chose.
        accepted: what any teacher chose here.
        origin: of the conversation.
    """
    return Example(
        instruction=CHOOSE,
        input=conversation,
        output=label,
        task="strategy",
        strategy=label,
        accepted=tuple(sorted({label, *accepted})),
        age_group=origin.age_group,
        source=origin.source,
        conversation_id=origin.conversation_id,
    )


def answer(conversation: str, label: str, words: str, origin: Origin) -> Example:
    """The example from which the adapter "response" learns a teacher's words; arguments as for `choice`."""
    return Example(
        instruction=ANSWER,
        input=conversation,
        output=words,
        task="dialogue",
        strategy=label,
        age_group=origin.age_group,
        source=origin.source,
        conversation_id=origin.conversation_id,
    )
