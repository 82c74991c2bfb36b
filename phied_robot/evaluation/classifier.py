"""A linear classifier of texts: the baseline for choices of strategy, and the recogniser of an answer's strategy."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from phied_robot.pedagogy.strategies import BY_LABEL

Distribution = dict[str, float]
"""A probability for each of the eight labels."""


def majority(labels: Sequence[str]) -> Distribution:
    """The labels' own distribution: what is chosen without looking."""
    counts = Counter(labels)
    return {label: counts[label] / len(labels) for label in BY_LABEL}


class TextClassifier:
    """TF-IDF of words, pairs of words and parts of words, with logistic regression."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Learn from texts and their labels (of at least two kinds)."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
        from sklearn.pipeline import make_pipeline, make_union  # type: ignore[import-untyped]

        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"\w+|[?!…]")
        parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
        self._pipeline: Any = make_pipeline(make_union(words, parts), LogisticRegression(C=4.0, max_iter=1000))
        self._pipeline.fit(list(texts), list(labels))

    def distributions(self, texts: Sequence[str]) -> list[Distribution]:
        """The probabilities of all labels for each text; labels that were not learned have none."""
        classes = self._pipeline.classes_
        rows = self._pipeline.predict_proba(list(texts)) if texts else []
        nothing = dict.fromkeys(BY_LABEL, 0.0)
        return [nothing | {str(label): float(p) for label, p in zip(classes, row, strict=True)} for row in rows]

    def labels(self, texts: Sequence[str]) -> list[str]:
        """The most likely label of each text."""
        return [most_likely(distribution) for distribution in self.distributions(texts)]


def most_likely(distribution: Distribution) -> str:
    """The label of the highest probability."""
    return max(distribution, key=lambda label: distribution[label])
