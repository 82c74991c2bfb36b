"""Answers: do they carry out their strategy, fit the child, and keep back what they should?"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean
from typing import TypeVar

from phied_robot.evaluation.classifier import TextClassifier, majority, most_likely
from phied_robot.evaluation.figures import percentile_95, share, sure_share
from phied_robot.evaluation.results import AnswerResult, AnswerRow, ReadingRow, Recogniser, Sample
from phied_robot.evaluation.subject import Track, Tutor
from phied_robot.pedagogy.languages import other_language
from phied_robot.pedagogy.reading import reading_level
from phied_robot.pedagogy.strategies import BY_LABEL, reveals_answer
from phied_robot.pedagogy.students import AGE_GROUPS
from phied_robot.pedagogy.words import words
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.dialogue import parse_dialogue
from phied_robot.training.data.examples import Example

Key = TypeVar("Key", str, tuple[str, int])

MOST_TOKENS = 100
SAID = 0.8
"""Share of a note's words, other than those of the conversation, from which an answer says it in full."""
SAMPLES = 12
_BESIDE = re.compile(r"\s(?:Ask|Hint|Example): .*$", re.DOTALL)


@dataclass(frozen=True)
class Answered:
    """An example, and the model's answer to it."""

    example: Example
    text: str

    @property
    def strategy(self) -> str:
        """The label that the answer was to carry out."""
        return str(self.example.strategy)


def answer_all(tutor: Tutor, examples: Sequence[Example], track: Track, says: str) -> list[Answered]:
    """The model's answers."""
    return [
        Answered(example, tutor.answer(chat_messages(example)[0], MOST_TOKENS).text.strip())
        for example in track(examples, says)
    ]


def measure_answers(
    answered: Sequence[Answered], training: Sequence[Example], held_out: Sequence[Example]
) -> AnswerResult:
    """All measures of answers.

    Args:
        answered: examples with a strategy, with the model's answers.
        training: what the recogniser learns strategies from.
        held_out: people's answers that show how good the recogniser is.
    """
    classifier, recogniser = train_recogniser(training, held_out)
    by_source = _grouped(answered, lambda one: one.example.source)
    return AnswerResult(
        recogniser=recogniser,
        rows=[_row(source, members, classifier, held_out) for source, members in by_source],
        reading=_reading(answered),
        samples=[sample(one) for one in answered[:: max(1, len(answered) // SAMPLES)][:SAMPLES]],
    )


def train_recogniser(
    training: Sequence[Example], held_out: Sequence[Example]
) -> tuple[TextClassifier | None, Recogniser | None]:
    """A classifier of answers by strategy, and how often it is right on answers that it never saw."""
    learned, unseen = _spoken(training), _spoken(held_out)
    labels = [str(example.strategy) for example in learned]
    if len(set(labels)) < 2 or not unseen:
        return None, None
    classifier = TextClassifier([example.output for example in learned], labels)
    pairs = _recognised(classifier, [Answered(example, example.output) for example in unseen])
    commonest = most_likely(majority(labels))
    return classifier, Recogniser(
        trained_on=len(learned),
        accuracy=sure_share(label == truth for label, truth in pairs),
        group=sure_share(_same_group(label, truth) for label, truth in pairs),
        majority=sure_share(truth == commonest for _label, truth in pairs),
    )


def says_a_note(answer: str, example: Example) -> bool | None:
    """Whether an answer says one of its notes in full; None where nothing could be said that was not known.

    What the conversation has said already does not count, and neither do the question, hint and example that a note
    has beside its fact.
    """
    dialogue = parse_dialogue(example.input)
    if dialogue is None:
        return None
    read = words(example.language).content
    known = {stem for utterance in dialogue.utterances for stem in read(utterance.text)}
    secrets = [set(read(_BESIDE.sub("", text))) - known for text in dialogue.notes]
    said = set(read(answer))
    possible = [secret for secret in secrets if secret]
    return any(len(secret & said) >= SAID * len(secret) for secret in possible) if possible else None


def sample(one: Answered) -> Sample:
    """An answer for the report."""
    dialogue = parse_dialogue(one.example.input)
    heard = dialogue.heard if dialogue else one.example.input
    return Sample(strategy=one.strategy, personality=one.example.personality, heard=heard, answer=one.text)


def _row(
    source: str, answered: list[Answered], classifier: TextClassifier | None, held_out: Sequence[Example]
) -> AnswerRow:
    lengths = [len(one.text.split()) for one in answered]
    people = [Answered(example, example.output) for example in _spoken(held_out) if example.source == source]
    pairs = _recognised(classifier, answered)
    kept_back = (says_a_note(one.text, one.example) for one in answered if not reveals_answer(one.strategy))
    told = (says_a_note(one.text, one.example) for one in answered if reveals_answer(one.strategy))
    return AnswerRow(
        source=source,
        answers=len(answered),
        recogniser=share(label == truth for label, truth in _recognised(classifier, people)),
        carries_out=share(label == wanted for label, wanted in pairs),
        group=share(_same_group(label, wanted) for label, wanted in pairs),
        revealed=share(said for said in kept_back if said is not None),
        said=share(said for said in told if said is not None),
        language=sure_share(not other_language(one.text, one.example.language) for one in answered),
        words=mean(lengths),
        words_95=percentile_95(lengths),
    )


def _spoken(examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if example.task == "dialogue" and example.strategy]


def _recognised(classifier: TextClassifier | None, answered: Sequence[Answered]) -> list[tuple[str, str]]:
    """The recognised and the true label of each answer."""
    if classifier is None:
        return []
    found = classifier.labels([one.text for one in answered])
    return list(zip(found, (one.strategy for one in answered), strict=True))


def _reading(answered: Iterable[Answered]) -> list[ReadingRow]:
    aged = [one for one in answered if one.example.age_group]
    order = list(AGE_GROUPS.values())
    rows = []
    for (language, place), members in _grouped(
        aged, lambda one: (one.example.language, order.index(str(one.example.age_group)))
    ):
        levels = [reading_level(one.text, language) for one in members]
        rows.append(
            ReadingRow(
                language=language,
                age_group=order[place],
                answers=len(members),
                formula=mean(level.formula for level in levels),
                lix=mean(level.lix for level in levels),
                longest_sentence=mean(level.sentence for level in levels),
                fits=sure_share(not level.too_hard_for(order[place]) for level in levels),
            )
        )
    return rows


def _grouped(answered: Iterable[Answered], key: Callable[[Answered], Key]) -> list[tuple[Key, list[Answered]]]:
    return [(found, list(members)) for found, members in groupby(sorted(answered, key=key), key)]


def _same_group(one: str, other: str) -> bool:
    return BY_LABEL[one].group == BY_LABEL[other].group
