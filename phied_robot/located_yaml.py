"""YAML in which every value knows its line, so that a mistake can be shown where it was made.

Every scalar is text ("yes" and "1/2" stay as written). Aliases, tags and deep nesting are refused,
so a file can cost no more than its size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MAX_DEPTH = 12

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlMistake(ValueError):  # noqa: N818  (it is one mistake of possibly many)
    """The text is not YAML that we read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        """Take the line, and what is wrong there."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class LocatedYaml:
    """The document, and the line (from 1) of every key and list entry by its path."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest parent that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str) -> LocatedYaml:
    """Read one YAML document.

    Raises:
        YamlMistake: a syntax error, a duplicate key, or a feature that is refused.
    """
    builder = _Builder(text)
    try:
        value = builder.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlMistake(mark.line + 1 if mark else 1, _plain(error.problem or str(error))) from error
    except yaml.reader.ReaderError as error:
        raise YamlMistake(text.count("\n", 0, error.position) + 1, "a character that text cannot hold") from error
    except yaml.YAMLError as error:
        raise YamlMistake(1, str(error)) from error
    return LocatedYaml(value, builder.lines)


def _plain(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "a colon inside a sentence; put the sentence in double quotes"
    if "found character '\\t'" in problem or "cannot start any token" in problem:
        return f"{problem}; indent with spaces, and put text that begins with a sign in double quotes"
    return problem


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _Builder:
    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.lines: dict[Path, int] = {}

    def document(self) -> Any:
        value: Any = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                value = self._node(event, ())
            elif self.lines and isinstance(event, yaml.DocumentStartEvent):
                raise YamlMistake(_line(event), "a second document begins; a file holds one")
        return value

    def _node(self, event: Any, path: Path) -> Any:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            raise YamlMistake(line, f"the alias *{event.anchor}; write the text out instead")
        if event.tag is not None:
            raise YamlMistake(line, f"the tag {event.tag}; leave it out, or put text that begins with ! in quotes")
        if len(path) > MAX_DEPTH:
            raise YamlMistake(line, f"nested more than {MAX_DEPTH} deep")
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        return event.value

    def _sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._node(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlMistake(line, "a key that is not plain text")
            if event.value in values:
                raise YamlMistake(line, f"the key {event.value!r} stands twice")
            self.lines[(*path, event.value)] = line
            values[event.value] = self._node(next(self._events), (*path, event.value))
        return values
