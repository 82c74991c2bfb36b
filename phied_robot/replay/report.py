"""A comparison of runs as Markdown and HTML, with the difference marked."""

import html
from collections.abc import Callable, Sequence
from pathlib import Path

from phied_robot.evaluation.rendering import html_page, markdown_page
from phied_robot.evaluation.tables import NOTHING, Section, Table
from phied_robot.replay.comparison import Comparison, Difference, TurnComparison
from phied_robot.replay.errors import BagError
from phied_robot.replay.marking import marked

TITLE = "Replay compared with the recording"
Mark = Callable[[str], str]


def summary(comparison: Comparison) -> str:
    """One line."""
    name, turns = comparison.recorded.bag.path, len(comparison.turns)
    if comparison.same:
        return f"{name}: turns {turns}, no difference beyond the tolerances"
    kinds = list(dict.fromkeys(one.what for one in comparison.differences))
    changed = sum(any(one.counts for one in turn.differences) for turn in comparison.turns)
    return f"{name}: {changed} of {turns} turns differ, in {', '.join(kinds)}"


def write_report(comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Write comparison.md and comparison.html; where they are.

    Raises:
        BagError: the folder cannot be written.
    """
    from markupsafe import Markup

    head = [summary(one) for one in comparisons]
    notes = [one.recorded.bag.cut_short for one in comparisons if one.recorded.bag.cut_short]

    def to_html(text: str) -> str:
        return Markup(f"<mark>{text}</mark>")

    plain = [_section(one, lambda text: f"**{text}**", str) for one in comparisons]
    coloured = [_section(one, to_html, lambda text: Markup(html.escape(text))) for one in comparisons]
    pages = {
        "comparison.md": markdown_page(TITLE, head, notes, plain, set()),
        "comparison.html": html_page(TITLE, head, notes, coloured, {}),
    }
    try:
        for name, page in pages.items():
            (folder / name).write_text(page, encoding="utf-8")
    except OSError as error:
        raise BagError(f"the report cannot be written into {folder}: {error.strerror}") from error
    return [folder / name for name in pages]


def _section(comparison: Comparison, mark: Mark, escape: Callable[[str], str]) -> Section:
    header = ("turn", "what", "recorded", "replayed", "")
    rows = [_row("", one, mark, escape) for one in comparison.configuration]
    for turn in comparison.turns:
        rows += [_row(str(turn.number), one, mark, escape) for one in turn.differences]
        rows += [(str(turn.number), "", "", "", turn.note)] if turn.note else []
    differing = Table(header, rows, "Differences within the tolerances are said, but do not count.")
    return Section(
        str(comparison.recorded.bag.path),
        f"Replayed into {comparison.replayed.bag.path}." if rows else "Nothing differs.",
        [differing] if rows else [],
        samples=[_turns(comparison.turns)],
    )


def _row(turn: str, one: Difference, mark: Mark, escape: Callable[[str], str]) -> tuple[str, ...]:
    then, now = marked(one.recorded, one.replayed, mark, escape)
    return turn, one.what, then or NOTHING, now or NOTHING, "" if one.counts else "within the tolerances"


def _turns(turns: Sequence[TurnComparison]) -> Table:
    rows = []
    for turn in turns:
        for name, one in (("recorded", turn.recorded), ("replayed", turn.replayed)):
            end = one.end if one else None
            rows.append(
                (
                    str(turn.number),
                    name,
                    end.status if end else NOTHING,
                    end.heard[:200] if end else NOTHING,
                    end.strategy if end else NOTHING,
                    end.answer if end else NOTHING,
                    ", ".join(end.gestures) if end else NOTHING,
                    ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in end.timings.items()) if end else NOTHING,
                )
            )
    return Table(("turn", "run", "status", "heard", "strategy", "answer", "gestures", "timings in s"), rows)
