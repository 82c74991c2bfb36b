"""The section on choices of strategy."""

from collections.abc import Sequence

from phied_robot.evaluation.results import Report
from phied_robot.evaluation.strategy import MODEL
from phied_robot.evaluation.tables import Section, Table, percent


def strategy_section(reports: Sequence[Report]) -> Section | None:
    """The section, or None where no report has this part."""
    named = [(report.model, report.strategy) for report in reports if report.strategy]
    if not named:
        return None
    rows = []
    for number, (model, result) in enumerate(named):
        for predictor, scores in result.predictors.items():
            if predictor == MODEL or number == 0:  # the baselines are the same in every report
                rows.append(
                    [
                        model if predictor == MODEL else predictor,
                        percent(scores.accepted),
                        percent(scores.group),
                        percent(scores.agreement),
                        f"{scores.log_loss:.2f}",
                        f"{scores.calibration_error:.3f}",
                    ]
                )
    first = named[0][1]
    teachers = f" Two teachers of one context agree in {percent(first.teachers)} of pairs." if first.teachers else ""
    return Section(
        "Choice of strategy",
        f"{first.contexts} contexts of the test data, with {first.choices} choices of teachers.{teachers}",
        [
            Table(
                ["", "accepted by a teacher", "right group", "agrees with each teacher", "log loss", "ECE"],
                rows,
                "Shares with 95 % confidence intervals. Groups: elicit, tell, manage. Log loss: a blind choice of "
                "eight has 2.08. ECE: expected calibration error, 0 is perfect.",
            )
        ],
        {
            "strategy": "Share of choices that some teacher made, with 95 % confidence intervals.",
            "reliability": "Calibration: on the diagonal, a choice made with 60 % confidence is a teacher's in 60 %.",
            "confusion": "What the model chooses (columns) where a teacher chose (rows), in percent of the row.",
        },
    )
