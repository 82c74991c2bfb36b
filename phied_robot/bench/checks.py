"""What a bench prints: measures beside their bounds, and whether they keep to them."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Check(NamedTuple):
    """One measure: its values, a column each, what they must be, and whether they are."""

    measure: str
    values: tuple[float, ...]
    bound: str
    seen: bool


def at_most(measure: str, bound: float, *values: float) -> Check:
    """None of the values may lie above the bound."""
    return Check(measure, values, f"at most {bound:g}", bool(max(values) <= bound))


def reported(measure: str, *values: float) -> Check:
    """Values without a bound."""
    return Check(measure, values, "reported", True)


def print_table(title: str, columns: Sequence[str], checks: Sequence[Check], console: Console) -> bool:
    """Print the checks, and tell whether all are seen."""
    table = Table("measure", *columns, "must be", "seen", title=title)
    for check in checks:
        cells = (check.measure, *(_text(value) for value in check.values), check.bound)
        table.add_row(*cells, "yes" if check.seen else "NO", style="" if check.seen else "bold red")
    console.print(table)
    return all(check.seen for check in checks)


def _text(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.2f}"
