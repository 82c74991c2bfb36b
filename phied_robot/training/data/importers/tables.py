"""Data of one's own: JSONL in the format of the examples, or a CSV table whose columns carry the fields' names."""

import csv
from pathlib import Path

from phied_robot.training.data.examples import Example, parse_example, read_examples
from phied_robot.training.data.files import DataError, Mistakes, files_of, read_text

DELIMITERS = ",;\t"
"""Spreadsheets write one of these, by their language."""


def import_jsonl(path: Path) -> list[Example]:
    """The examples of a JSONL file, or of all those in a folder.

    Raises:
        DataError: every line that breaks the format.
    """
    return [example for file in files_of(path, "*.jsonl") for example in read_examples(file)]


def import_csv(path: Path) -> list[Example]:
    """The examples of a CSV file, or of all those in a folder: a header with field names, then an example a row.

    `accepted` holds labels with spaces between them. An empty cell is a field that is not given.

    Raises:
        DataError: every row that breaks the format, or a file without rows.
    """
    return [example for file in files_of(path, "*.csv") for example in _read_csv(file)]


def _read_csv(file: Path) -> list[Example]:
    lines = read_text(file).splitlines(keepends=True)
    header = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=max(DELIMITERS, key=header.count), restkey="a cell without a column")
    examples, mistakes = [], Mistakes()
    for row in reader:
        fields = {key.strip(): cell for key, cell in row.items() if cell}
        if "accepted" in fields:
            fields["accepted"] = fields["accepted"].split()
        with mistakes.at(f"{file}:{reader.line_num}"):
            examples.append(parse_example(fields))
    mistakes.refuse()
    if not examples:
        raise DataError(f"{file} holds no examples; its first line names the columns: instruction, input, output, ...")
    return examples
