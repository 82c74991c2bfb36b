"""Reading data files, with every mistake named by its place."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOST_MISTAKES = 20
"""Mistakes that are named one by one; a file that is wrong throughout need not fill the screen."""


class DataError(ValueError):
    """Data that cannot be used; one line for each mistake, with file, line and, for JSON, column."""


class Mistakes:
    """What is wrong with a file, gathered so that all of it is said at once."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._lines: list[str] = []

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Gather a DataError that is raised inside, under a place such as "data.jsonl:3"."""
        try:
            yield
        except DataError as error:
            self._lines += [f"{place}: {line}" for line in str(error).splitlines()]

    def add(self, line: str) -> None:
        """Gather one mistake that says its place itself."""
        self._lines.append(line)

    def refuse(self) -> None:
        """Raise a DataError if anything was gathered: the first mistakes, and how many more there are."""
        more = len(self._lines) - MOST_MISTAKES
        if self._lines:
            raise DataError("\n".join(self._lines[:MOST_MISTAKES] + ([f"and {more} more"] if more > 0 else [])))


def files_of(path: Path, pattern: str) -> list[Path]:
    """The file itself, or the files of a folder (and those below) that match, in their order.

    Raises:
        DataError: there is none.
    """
    if path.is_file():
        return [path]
    found = sorted(path.rglob(pattern)) if path.is_dir() else []
    if not found:
        raise DataError(f"{path} is neither a file nor a folder with {pattern}")
    return found


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        DataError: it is missing, cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8; save the file with the encoding UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        DataError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: with line and column where it is broken.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}:{error.colno}: broken JSON: {error.msg}") from error


def read_json_lines(path: Path, mistakes: Mistakes) -> list[tuple[str, Any]]:
    """The values of a JSONL file, each with its place; empty lines are passed over.

    Args:
        path: of the file.
        mistakes: gathers broken lines, with line and column.
    """
    values = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        try:
            if line.strip():
                values.append((f"{path}:{number}", json.loads(line)))
        except json.JSONDecodeError as error:
            mistakes.add(f"{path}:{number}:{error.colno}: broken JSON: {error.msg}")
    return values
