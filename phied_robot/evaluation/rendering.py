"""Reports as Markdown and HTML."""

import base64
from collections.abc import Sequence
from pathlib import Path

from phied_robot.evaluation.charts import charts
from phied_robot.evaluation.results import Report
from phied_robot.evaluation.sections import sections
from phied_robot.evaluation.tables import Section, Table
from phied_robot.training.data.files import DataError, write_text

TEMPLATE = Path(__file__).with_name("report.html.jinja")


def write_pages(reports: Sequence[Report], folder: Path) -> None:
    """Write report.md with its pictures, and report.html that holds everything itself.

    Args:
        reports: at least one; several are put into one table.
        folder: where they go.

    Raises:
        DataError: a file cannot be written.
    """
    pictures = charts(reports)
    write_text(folder / "report.md", markdown(reports, set(pictures)))
    write_text(folder / "report.html", html(reports, pictures))
    for name, picture in pictures.items():
        path = folder / f"{name}.png"
        try:
            path.write_bytes(picture)
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}") from error


def markdown(reports: Sequence[Report], pictures: set[str]) -> str:
    """The page as Markdown; pictures lie beside it as NAME.png."""
    return markdown_page(_title(reports), _head(reports), _notes(reports), sections(reports), pictures)


def html(reports: Sequence[Report], pictures: dict[str, bytes]) -> str:
    """The page as HTML, without anything outside itself."""
    return html_page(_title(reports), _head(reports), _notes(reports), sections(reports), pictures)


def markdown_page(
    title: str, head: Sequence[str], notes: Sequence[str], parts: Sequence[Section], pictures: set[str]
) -> str:
    """Any page as Markdown; notes are warnings, `pictures` the names of those that lie beside it."""
    lines = [f"# {title}", "", *(f"{line}  " for line in head), ""]
    lines += [f"> {line}\n" for line in notes]
    for section in parts:
        lines += _markdown_section(section, pictures)
    return "\n".join(lines).rstrip() + "\n"


def html_page(
    title: str, head: Sequence[str], notes: Sequence[str], parts: Sequence[Section], pictures: dict[str, bytes]
) -> str:
    """Any page as HTML; `pictures` are PNG."""
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    encoded = {name: base64.b64encode(picture).decode() for name, picture in pictures.items()}
    return template.render(title=title, head=head, notes=notes, sections=parts, charts=encoded)


def _title(reports: Sequence[Report]) -> str:
    return "Evaluation of " + ", ".join(report.model for report in reports)


def _head(reports: Sequence[Report]) -> list[str]:
    lines = []
    for report in reports:
        adapters = ", ".join(report.adapters) or "no adapters"
        libraries = ", ".join(f"{name} {number}" for name, number in report.versions.items())
        drawn = f"{report.examples} prompts a measure, seed {report.seed}"
        lines.append(f"{report.model}: {adapters}; {drawn}; {report.created}; {libraries}")
    return lines


def _notes(reports: Sequence[Report]) -> list[str]:
    return [f"{report.model}: {note}" for report in reports for note in report.notes]


def _markdown_section(section: Section, pictures: set[str]) -> list[str]:
    lines = [f"## {section.title}", "", section.says, ""]
    for table in section.tables:
        lines += [*_markdown_table(table), ""]
    for name, says in section.charts.items():
        if name in pictures:
            lines += [f"![{says}]({name}.png)", "", says, ""]
    for table in section.samples:
        lines += ["<details><summary>Samples</summary>", "", *_markdown_table(table), "", "</details>", ""]
    return lines


def _markdown_table(table: Table) -> list[str]:
    rows = [table.header, ["---"] * len(table.header), *table.rows]
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return [*lines, "", table.note] if table.note else lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>")
