"""The pieces of a report's page."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from phied_robot.evaluation.results import Share

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """A header and rows of text; `note` says how to read it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report. charts: names of its pictures, each with a sentence that says what it shows."""

    title: str
    says: str
    tables: Sequence[Table] = ()
    charts: dict[str, str] = field(default_factory=dict)
    samples: Sequence[Table] = ()


def percent(share: Share | None) -> str:
    """A share with its confidence interval."""
    if share is None:
        return NOTHING
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
