"""Choices of strategy: accepted by some teacher, in the right group, calibrated; against two baselines.

Agreement with one teacher is the wrong gate: two teachers of one context agree in 23 % of cases (Bridge), so a choice
is right when any teacher made it, and the distribution over labels is held against the teachers' own.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

from phied_robot.evaluation.classifier import Distribution, TextClassifier, majority, most_likely
from phied_robot.evaluation.figures import calibration, share, sure_share
from phied_robot.evaluation.results import StrategyResult, StrategyScores
from phied_robot.evaluation.subject import Track, Tutor
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.examples import Example
from phied_robot.training.data.similarity import situation

MODEL, MAJORITY, LINEAR = "model", "majority", "TF-IDF + logistic regression"
LEAST_PROBABILITY = 1e-4
"""A label that a predictor never learned costs the log of this, instead of everything."""


@dataclass(frozen=True)
class Context:
    """A situation, and what its teachers chose in it; `accepted` may hold choices that are not in the data at hand."""

    example: Example
    choices: tuple[str, ...]
    accepted: frozenset[str]


def contexts_of(examples: Sequence[Example]) -> list[Context]:
    """The situations of all strategy examples, in their order, each once."""
    by_situation: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.task == "strategy":
            by_situation[situation(example)].append(example)
    return [
        Context(
            example=members[0],
            choices=tuple(str(one.strategy) for one in members),
            accepted=frozenset().union(*(one.accepted_labels for one in members)),
        )
        for members in by_situation.values()
    ]


def measure_strategy(
    tutor: Tutor, contexts: Sequence[Context], training: Sequence[Example], track: Track
) -> StrategyResult:
    """Score the model and the baselines on the same contexts.

    Args:
        tutor: the model.
        contexts: at least one.
        training: data for the baselines; without strategy examples there are none.
        track: shows progress.
    """
    chosen = [tutor.choose(chat_messages(context.example)[0]) for context in track(contexts, "choosing strategies")]
    predictions = {MODEL: chosen}
    learned = [example for example in training if example.task == "strategy"]
    labels = [str(example.strategy) for example in learned]
    if labels:
        predictions[MAJORITY] = [majority(labels)] * len(contexts)
    if len(set(labels)) > 1:
        classifier = TextClassifier([example.input for example in learned], labels)
        predictions[LINEAR] = classifier.distributions([context.example.input for context in contexts])
    pairs = [one == other for context in contexts for one, other in combinations(context.choices, 2)]
    return StrategyResult(
        contexts=len(contexts),
        choices=sum(len(context.choices) for context in contexts),
        teachers=share(pairs),
        predictors={name: score(contexts, distributions) for name, distributions in predictions.items()},
    )


def score(contexts: Sequence[Context], distributions: Sequence[Distribution]) -> StrategyScores:
    """The scores of one predictor; a context counts once, however many teachers it has, except in `agreement` and
    the confusion.
    """
    chosen = [most_likely(distribution) for distribution in distributions]
    both = list(zip(contexts, chosen, strict=True))
    agreements = [context.choices.count(label) / len(context.choices) for context, label in both]
    error, bins = calibration([max(distribution.values()) for distribution in distributions], agreements)
    confusion: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for context, label in both:
        for choice in context.choices:
            confusion[choice][label] += 1
    return StrategyScores(
        accepted=sure_share(label in context.accepted for context, label in both),
        group=sure_share(_group(label) in {_group(one) for one in context.accepted} for context, label in both),
        agreement=sure_share(choice == label for context, label in both for choice in context.choices),
        log_loss=_mean(contexts, distributions, lambda p: -log(max(p, LEAST_PROBABILITY))),
        calibration_error=error,
        bins=bins,
        confusion={label: dict(row) for label, row in confusion.items()},
    )


def _mean(contexts: Sequence[Context], distributions: Sequence[Distribution], loss: Callable[[float], float]) -> float:
    """The mean over contexts of the mean loss of their teachers' choices."""
    means = [
        sum(loss(distribution[choice]) for choice in context.choices) / len(context.choices)
        for context, distribution in zip(contexts, distributions, strict=True)
    ]
    return sum(means) / len(means)


def _group(label: str) -> str:
    return BY_LABEL[label].group
