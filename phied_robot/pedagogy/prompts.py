"""The prompts of both adapters. Serving and training call the same functions, so they cannot drift apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from phied_robot.pedagogy.lessons import Fact, Misconception
from phied_robot.pedagogy.strategies import BY_LABEL, STRATEGIES

PROMPT_VERSION = "1"
"""To be raised with every change of a prompt: adapters are trained on one version."""

Message = dict[str, str]

MANNERS = {
    "introvert": 'Speak calmly and a little tentatively: "I think", "perhaps", "it seems". No exclamation marks.',
    "neutral": "Speak plainly and kindly.",
    "extravert": 'Speak warmly and with joy: "we", "you", praise, exclamation marks.',
}
"""How to speak, by the band of the trait scale; behaviour, never the trait's name."""

FIELDS_OF_STRATEGY: dict[str, tuple[str, ...]] = {
    "socratic_questioning": ("ask",),
    "scaffolding": ("hint",),
    "worked_example": ("example",),
    "encouragement": ("ask",),
    "redirection": ("ask",),
}
"""What a note holds beside its fact; a shorter prompt is faster and easier to copy from."""


@dataclass(frozen=True)
class Exchange:
    """One turn of the conversation so far."""

    heard: str
    answer: str


@dataclass(frozen=True)
class Grounding:
    """What the lesson has for the child's words.

    facts: best first; none where the lesson has nothing to say.
    misconception: one that the child seems to hold.
    expected: what a right answer to the tutor's last question would say.
    """

    facts: Sequence[Fact] = ()
    misconception: Misconception | None = None
    expected: str = ""


def strategy_messages(
    *, title: str, age: int, grounding: Grounding, history: Sequence[Exchange], heard: str
) -> list[Message]:
    """The chat whose next token is the code of a strategy."""
    choices = ", ".join(f"{strategy.code} {strategy.choice}" for strategy in STRATEGIES)
    notes = "".join(f"\n- {fact.text}" for fact in grounding.facts)
    expected = f"\nA right answer now: {grounding.expected}" if grounding.expected else ""
    mistake = f'\nA common mistake: "{grounding.misconception.says}"' if grounding.misconception else ""
    system = (
        f"You choose how a robot tutor answers a child. Choose one: {choices}. Answer with the letter.\n"
        f"Age: {age}. Lesson: {title}.\n"
        f"Notes:{notes or ' none fits.'}{mistake}{expected}"
    )
    return _chat(system, history, heard)


def response_messages(
    *,
    title: str,
    age: int,
    manner: str,
    strategy: str,
    grounding: Grounding,
    history: Sequence[Exchange],
    heard: str,
) -> list[Message]:
    """The chat whose next message is the tutor's answer.

    Args:
        title: of the lesson.
        age: of the child in years.
        manner: "introvert", "neutral" or "extravert".
        strategy: label of the strategy to carry out.
        grounding: what the lesson has; without a fact the tutor is to say that it does not know.
        history: the turns before, oldest first.
        heard: what the child said.
    """
    notes = "".join(f"\n- {note(fact, strategy)}" for fact in grounding.facts)
    mistake = ""
    if strategy == "corrective_feedback" and grounding.misconception:
        mistake = f"\nMistake: {grounding.misconception.says} Right: {grounding.misconception.correction}"
    system = (
        "You are Reachy, a small robot who teaches a child. Use only the notes, word for word. "
        "If none fits, say that you do not know.\n"
        f"Age: {age}. Lesson: {title}.\n"
        f"{MANNERS[manner]}\n"
        f"{BY_LABEL[strategy].instruction}\n"
        f"Notes:{notes or ' none fits.'}{mistake}"
    )
    return _chat(system, history, heard)


def note(fact: Fact, strategy: str) -> str:
    """A fact as the note of a prompt: with those of its fields that the strategy uses."""
    fields = FIELDS_OF_STRATEGY.get(strategy, ())
    given = ((name, getattr(fact, name)) for name in fields)
    return " ".join([fact.text, *(f"{name.capitalize()}: {text}" for name, text in given if text)])


def _chat(system: str, history: Sequence[Exchange], heard: str) -> list[Message]:
    messages = [{"role": "system", "content": system}]
    for exchange in history:
        messages += [{"role": "user", "content": exchange.heard}, {"role": "assistant", "content": exchange.answer}]
    return [*messages, {"role": "user", "content": heard}]
