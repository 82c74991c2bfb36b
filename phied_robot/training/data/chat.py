"""An example as the chat that the model sees: by the prompts of serving where they fit."""

from phied_robot.pedagogy.lessons import Fact
from phied_robot.pedagogy.prompts import MANNERS, Grounding, Message, response_messages, strategy_messages
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.pedagogy.students import AGE_GROUPS
from phied_robot.training.data.dialogue import Dialogue, parse_dialogue
from phied_robot.training.data.examples import DataError, Example

LANGUAGES = {"en": "English", "fr": "French", "de": "German"}
USUAL_AGE = 8
"""Of an example that names no age group; the tutor's own default."""
UNTITLED = "a lesson"
_AGES = {name: youngest for youngest, name in AGE_GROUPS.items()}


def chat_messages(example: Example) -> tuple[list[Message], str]:
    """What the model sees, and what it is to answer.

    A strategy example's answer is the code of its label. A dialogue with notes is asked as in class; without notes,
    or for any other task, the model gets the manner, the instruction and the input.

    Raises:
        DataError: a strategy example whose input is no conversation.
    """
    dialogue = parse_dialogue(example.input)
    if example.task == "strategy":
        if dialogue is None or example.strategy is None:
            raise DataError("the input of a strategy example is a conversation that ends with a line 'Student: ...'")
        return _strategy_chat(example, dialogue), BY_LABEL[example.strategy].code
    if dialogue is not None and dialogue.notes and example.strategy:
        return _lesson_chat(example, dialogue, example.strategy), example.output
    return _free_chat(example, dialogue), example.output


def age_of(example: Example) -> int:
    """The age in years that a prompt names: the youngest of the age group."""
    return _AGES[example.age_group] if example.age_group else USUAL_AGE


def _strategy_chat(example: Example, dialogue: Dialogue) -> list[Message]:
    return strategy_messages(
        title=dialogue.lesson or UNTITLED,
        age=age_of(example),
        grounding=_grounding(dialogue),
        history=dialogue.history,
        heard=dialogue.heard,
    )


def _lesson_chat(example: Example, dialogue: Dialogue, strategy: str) -> list[Message]:
    return response_messages(
        title=dialogue.lesson or UNTITLED,
        age=age_of(example),
        manner=example.personality,
        strategy=strategy,
        grounding=_grounding(dialogue),
        history=dialogue.history,
        heard=dialogue.heard,
    )


def _free_chat(example: Example, dialogue: Dialogue | None) -> list[Message]:
    system = [
        "You are Reachy, a small robot who teaches a child.",
        f"Age: {age_of(example)}." + (f" Lesson: {dialogue.lesson}." if dialogue and dialogue.lesson else ""),
        MANNERS[example.personality],
        f"Answer in {LANGUAGES[example.language]}.",
        example.instruction,
    ]
    if example.strategy:
        system.append(BY_LABEL[example.strategy].instruction)
    messages = [{"role": "system", "content": "\n".join(system)}]
    if dialogue is None:
        return [*messages, {"role": "user", "content": example.input or "Begin."}]
    for exchange in dialogue.history:
        messages += [{"role": "user", "content": exchange.heard}, {"role": "assistant", "content": exchange.answer}]
    return [*messages, {"role": "user", "content": dialogue.heard}]


def _grounding(dialogue: Dialogue) -> Grounding:
    """The notes as facts: a data set has no hints and examples beside them, unless a note says them itself."""
    return Grounding([Fact.model_construct(text=note, ask="", hint="", example="") for note in dialogue.notes])
