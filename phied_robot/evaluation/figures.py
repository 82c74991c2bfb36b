"""The statistics of the measures: shares, effect sizes, calibration."""

from collections.abc import Iterable, Sequence
from math import log1p, sqrt

import numpy as np

from phied_robot.evaluation.results import Bin, Share

CONFIDENCE = 1.96
"""Standard errors on either side of a 95 % confidence interval."""


def share(cases: Iterable[bool]) -> Share | None:
    """The share of true cases with Wilson's interval; None without cases."""
    outcomes = list(cases)
    n = len(outcomes)
    if not n:
        return None
    p, z = sum(outcomes) / n, CONFIDENCE
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), number=n)


def sure_share(cases: Iterable[bool]) -> Share:
    """As `share`, where there is at least one case."""
    result = share(cases)
    assert result is not None, "a share needs cases"
    return result


def percentile_95(values: Sequence[float]) -> float:
    """What 95 of 100 values stay within."""
    return float(np.percentile(values, 95))


def controlled_d(
    extravert: Sequence[float], introvert: Sequence[float], lengths: tuple[Sequence[float], Sequence[float]]
) -> tuple[float, float, float] | None:
    """Cohen's d between two groups with the logarithm of length as a covariate (ANCOVA).

    Args:
        extravert, introvert: the cue's value of each answer.
        lengths: words of the answers of both groups.

    Returns:
        d and its 95 % confidence interval, positive where the extravert has more; None where the values do not vary
        beyond what group and length explain.
    """
    values = np.array([*extravert, *introvert], float)
    group = np.repeat([0.5, -0.5], [len(extravert), len(introvert)])
    covariate = np.array([log1p(length) for length in (*lengths[0], *lengths[1])])
    columns = [np.ones_like(values), group]
    if np.ptp(covariate) > 0:
        columns.append(covariate - covariate.mean())
    design = np.stack(columns, axis=1)
    freedom = len(values) - design.shape[1]
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    deviation = sqrt(float(np.sum((values - design @ coefficients) ** 2)) / freedom) if freedom > 0 else 0.0
    if deviation < 1e-9:
        return None
    d = float(coefficients[1]) / deviation
    error = sqrt(float(np.linalg.pinv(design.T @ design)[1, 1]) + d * d / (2 * freedom))
    return d, d - CONFIDENCE * error, d + CONFIDENCE * error


def calibration(confidences: Sequence[float], agreements: Sequence[float], bins: int = 10) -> tuple[float, list[Bin]]:
    """Expected calibration error over bins of equal width, and the bins that hold choices.

    Args:
        confidences: probability of the most likely label, 0 to 1.
        agreements: for each, the share of teachers who chose that label.
        bins: how many.
    """
    edges = np.clip((np.array(confidences) * bins).astype(int), 0, bins - 1)
    found = []
    for number in range(bins):
        inside = edges == number
        if inside.any():
            confidence, agreement = np.array(confidences)[inside].mean(), np.array(agreements)[inside].mean()
            found.append(Bin(confidence=float(confidence), agreement=float(agreement), number=int(inside.sum())))
    error = sum(one.number * abs(one.confidence - one.agreement) for one in found) / max(1, len(confidences))
    return error, found
