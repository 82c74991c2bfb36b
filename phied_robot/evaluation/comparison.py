"""The answers of two models to the same prompts, side by side."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean
from time import perf_counter

from phied_robot.evaluation.rendering import html_page, markdown_page
from phied_robot.evaluation.subject import load_tutor
from phied_robot.evaluation.tables import Section, Table
from phied_robot.language_model.remote import RemoteModel, check_address
from phied_robot.language_model.sources import ModelError, ModelSource, is_folder, resolve
from phied_robot.pedagogy.prompts import Message
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.dialogue import parse_dialogue
from phied_robot.training.data.examples import Example, read_located
from phied_robot.training.data.files import DataError, read_text, write_text

MOST_TOKENS = 300
SERVER = "openai:"
KEY_VARIABLE = "OPENAI_API_KEY"
ADAPTER = "response"
PATIENCE = 60.0
"""Seconds without a sign from a server."""

Answerer = Callable[[list[Message], int], str]
"""Answers a chat with so many tokens at most."""
Contender = Callable[[], AbstractContextManager[Answerer]]
"""Loads a model, or connects to its server, for as long as it is asked."""


@dataclass(frozen=True)
class Asked:
    """A prompt: what is shown of it, what the model is sent, and the answer that the data has, if any."""

    shown: str
    messages: list[Message]
    reference: str = ""


@dataclass
class Comparison:
    """Prompts and the answers so far, by model; `seconds` are those of each answer."""

    asked: Sequence[Asked]
    names: Sequence[str]
    answers: list[list[str]] = field(default_factory=lambda: [[], []])
    seconds: list[list[float]] = field(default_factory=lambda: [[], []])

    @property
    def header(self) -> list[str]:
        """Of `rows`."""
        return ["prompt", *self.names, *(["in the data"] if self._has_references else [])]

    @property
    def rows(self) -> list[list[str]]:
        """A row for each prompt; an answer that is still to come is empty."""
        return [
            [one.shown, *self._answers_to(number), *([one.reference] if self._has_references else [])]
            for number, one in enumerate(self.asked)
        ]

    @property
    def sums(self) -> list[str]:
        """A line for each model: how long its answers are and how long they took."""
        return [
            f"{name}: {len(answers)} answers of {mean(len(one.split()) for one in answers):.1f} words, "
            f"{mean(seconds):.2f} s each"
            for name, answers, seconds in zip(self.names, self.answers, self.seconds, strict=True)
            if answers
        ]

    @property
    def _has_references(self) -> bool:
        return any(one.reference for one in self.asked)

    def _answers_to(self, number: int) -> list[str]:
        return [answers[number] if number < len(answers) else "" for answers in self.answers]


def prompts(path: Path, most: int) -> list[Asked]:
    """Prompts of a file: examples (.jsonl), asked as in class, or lines of text, sent as they are.

    Choices of strategy are left out: their answer is a letter, and `phied evaluate` measures it.

    Raises:
        DataError: the file cannot be read, or holds no prompt.
    """
    if path.suffix == ".jsonl":
        examples = [example for _place, example in read_located(path) if example.task != "strategy"]
        found = [Asked(_shown(one), chat_messages(one)[0], one.output) for one in examples]
    else:
        lines = [line.strip() for line in read_text(path).splitlines()]
        found = [Asked(line, [{"role": "user", "content": line}]) for line in lines if line]
    if not found:
        raise DataError(f"{path} holds no prompt to answer")
    return found[:: max(1, len(found) // most)][:most]  # from the whole file, not its first conversations alone


def contender(name: str) -> Contender:
    """A model by name: as everywhere, BASE+ADAPTER, or openai:MODEL@URL, whose key is read from OPENAI_API_KEY.

    Raises:
        ModelError: there is no such model, or the address is none.
    """
    if name.startswith(SERVER):
        model, _, url = name.removeprefix(SERVER).rpartition("@")
        if not model:
            raise ModelError(f"{name} names no server: write openai:MODEL@URL, such as {SERVER}base@http://my.host/v1")
        check_address(url)
        return partial(_server, url, model)
    base, plus, adapter = name.rpartition("+")
    return partial(_local, resolve(base, response_adapter=adapter) if plus and not is_folder(name) else resolve(name))


@contextmanager
def _local(source: ModelSource) -> Iterator[Answerer]:
    tutor = load_tutor(source, "auto").tutor
    yield lambda messages, most: tutor.answer(messages, most).text


@contextmanager
def _server(url: str, model: str) -> Iterator[Answerer]:
    remote = RemoteModel(url, {ADAPTER: model}, patience=PATIENCE, key_variable=KEY_VARIABLE)
    try:
        yield (
            lambda messages, most: (
                remote.generate(
                    messages,
                    ADAPTER,
                    max_new_tokens=most,
                    temperature=0.0,
                    seed=0,
                    on_text=lambda _text: None,
                    cancelled=lambda: False,
                ).text
            )
        )
    finally:
        remote.close()


def ask(found: Comparison, place: int, one: Contender, track: Callable[[Sequence[Asked]], Iterable[Asked]]) -> None:
    """Load the model in a place and add its answers one by one.

    Raises:
        ModelError: it cannot be loaded or breaks off; the answers before stay.
    """
    with one() as answer:
        for asked in track(found.asked):
            began = perf_counter()
            found.answers[place].append(answer(asked.messages, MOST_TOKENS).strip())
            found.seconds[place].append(perf_counter() - began)


def write_page(found: Comparison, path: Path) -> None:
    """Write the table as a page: HTML or Markdown, by the file's ending.

    Raises:
        DataError: it cannot be written.
    """
    title = " and ".join(found.names)
    answers = Section("Answers", "The same prompts, answered greedily.", [Table(found.header, found.rows)])
    if path.suffix == ".html":
        write_text(path, html_page(title, found.sums, [], [answers], {}))
    else:
        write_text(path, markdown_page(title, found.sums, [], [answers], set()))


def _shown(example: Example) -> str:
    """What the child said, in which lesson; of other examples all that is asked."""
    dialogue = parse_dialogue(example.input)
    lines = [dialogue.lesson, dialogue.heard] if dialogue else [example.instruction, example.input]
    return "\n".join(filter(None, lines))
