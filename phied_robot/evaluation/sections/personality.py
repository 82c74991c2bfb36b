"""The section on personality."""

from collections.abc import Sequence

from phied_robot.evaluation.results import Effect, Report
from phied_robot.evaluation.tables import Section, Table


def personality_section(reports: Sequence[Report]) -> Section | None:
    """The section, or None where no report has this part."""
    named = [(report.model, result) for report in reports for result in report.personality or ()]
    if not named:
        return None
    rows = [
        [
            model,
            result.language,
            f"{effect.cue} ({effect.unit})",
            *(f"{value:.2f}" for value in effect.means),
            _d(effect),
            _verdict(effect),
        ]
        for model, result in named
        for effect in result.effects
    ]
    counted = "; ".join(
        f"{model}, {result.language}: {result.prompts} prompts, {result.with_trait_words} of {3 * result.prompts} "
        "answers named a trait"
        for model, result in named
    )
    return Section(
        "Personality",
        "The same prompts answered as introvert (-1), neutral (0) and extravert (+1). Words that name a trait were "
        f"taken out before counting. {counted}.",
        [
            Table(
                ["", "language", "cue", "-1", "0", "+1", "Cohen's d, +1 against -1", "as it should be"],
                rows,
                "d with the answers' length as a covariate, and its 95 % confidence interval. To be shown: at least "
                ".5 on we, positive and social words.",
            )
        ],
        {"personality": "Cohen's d of extravert against introvert answers, with 95 % confidence intervals."},
        [
            Table(
                ["personality", "strategy", "the child", model],
                [[one.personality, one.strategy, one.heard, one.answer] for one in result.samples],
            )
            for model, result in named
        ],
    )


def _d(effect: Effect) -> str:
    if effect.d is None:
        return {1: "complete", 0: "no variation", -1: "complete, reversed"}[effect.complete * (effect.expected or 1)]
    return f"{effect.d:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"


def _verdict(effect: Effect) -> str:
    if effect.passes is None:
        return {1: "(more)", -1: "(less)", 0: ""}[effect.expected]
    return "yes" if effect.passes else "no"
