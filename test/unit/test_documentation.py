"""What the documents promise is what the program has: commands, options, launch arguments, links, topics."""

import argparse
import ast
import importlib
import itertools
import json
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phied_robot import cli, topics

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = ("", "sh", "bash", "console")
ROS = ("ros2 launch phied_robot", "ros2 run phied_robot")
OURS = ("phied ", "make ", "python -m phied_robot", "accelerate launch", *ROS)


def commands_in(text: str) -> Iterator[str]:
    """Our commands in blocks of shell, and those between backquotes that have an option or an argument."""
    for language, block in BLOCK.findall(text):
        if language in SHELL:
            lines = block.replace("\\\n", " ").splitlines()
            yield from (line for line in (one.strip().removeprefix("$ ") for one in lines) if line.startswith(OURS))
    for span in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)):
        if span.startswith(OURS) and re.search(r" --|:=|^make ", span):
            yield span


COMMANDS = [(page.name, command) for page in PAGES for command in commands_in(page.read_text(encoding="utf-8"))]


def parser_of_phied() -> argparse.ArgumentParser:
    """Every subcommand of `phied`, each registered by its module of arguments."""
    parser = argparse.ArgumentParser(prog="phied")
    commands = parser.add_subparsers(required=True)
    for module in pkgutil.iter_modules(cli.__path__):
        if module.name.endswith("_arguments"):
            importlib.import_module(f"{cli.__name__}.{module.name}").add_to(commands)
    return parser


def check_phied(words: list[str]) -> None:
    try:
        parser_of_phied().parse_args(words)
    except SystemExit as ending:
        assert ending.code == 0, "the parser refuses it"  # --help ends with 0


def check_make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    variables = dict(word.split("=", 1) for word in words if "=" in word)
    goals = [word for word in words if "=" not in word]
    assert set(goals) <= set(targets), f"the targets are {targets}"
    assert set(variables) <= {"ARGS", "PYTHON"}
    if goals == ["tutor"]:
        check_phied(["tutor", *shlex.split(variables.get("ARGS", ""))])


def check_launch(words: list[str]) -> None:
    file, *arguments = words
    tree = ast.parse((ROOT / "launch" / file).read_text(encoding="utf-8"))
    (declared,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ARGUMENTS"
    )
    given = {word.split(":=")[0] for word in arguments if word != "--show-args"}
    assert given <= set(declared), f"the arguments are {', '.join(declared)}"


def check_module(words: list[str]) -> None:
    module, *arguments = words
    said = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    for option in (word for word in arguments if word.startswith("--")):
        assert re.search(rf"{option}\b", said.stdout), f"there is no {option}:\n{said.stdout}"


def check_accelerate(words: list[str]) -> None:
    from accelerate.commands.launch import launch_command_parser

    options = launch_command_parser().parse_args(words)
    assert options.module and options.training_script == "phied_robot.cli.main"
    assert options.config_file is None or (ROOT / options.config_file).is_file()
    check_phied(options.training_script_args)


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_command_in_the_documents_is_one_that_exists(page: str, command: str) -> None:
    match shlex.split(command, comments=True):
        case ["phied", *words] | ["ros2", "run", "phied_robot", "phied", *words]:
            check_phied(words)
        case ["make", *words]:
            check_make(words)
        case ["ros2", "launch", "phied_robot", *words]:
            check_launch(words)
        case ["python", "-m", *words]:
            check_module(words)
        case ["accelerate", "launch", *words]:
            check_accelerate(words)
        case _:
            pytest.fail(f"{page}: this test does not know how to check {command!r}")


def test_the_documents_hold_commands_of_every_kind() -> None:
    starts = {command.split()[0] for _, command in COMMANDS}
    assert starts == {"phied", "make", "ros2", "python", "accelerate"}


@pytest.mark.parametrize("command", ["phied tutor --colour red", "make tutor ARGS='--age 70'", "make coffee"])
def test_a_command_that_does_not_exist_is_found(command: str) -> None:
    with pytest.raises(AssertionError):
        test_a_command_in_the_documents_is_one_that_exists("none", command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_sections(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, section = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name} points to {target}"
        if section:
            titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert section in anchors, f"{page.name} points to {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES[2:] if f"(docs/{page.name})" not in readme] == []


def test_the_table_of_topics_is_the_table_of_the_code() -> None:
    quality = {
        topics.STATE: "latched state",
        topics.EVENT: "event",
        topics.STREAM: "stream",
        topics.SOUND: "sound",
        topics.ONE_A_NODE: "one a node",
    }
    rows = re.findall(
        r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$",
        (ROOT / "docs" / "topics.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    written = [tuple(cell.strip() for cell in row) for row in rows]
    table = [(one.name, one.type_name, quality[one.quality], one.says) for one in topics.TOPICS.values()]
    for row, topic in itertools.zip_longest(written, table):
        assert row == topic


def test_the_scores_of_the_demo_model_are_those_measured() -> None:
    measured = json.loads((ROOT / "phied_robot" / "models" / "demo" / "evaluation.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "demo_model.md").read_text(encoding="utf-8")
    written = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", page, re.MULTILINE)
    shares = {name: f"{100 * value:.0f} %" for name, value in measured.items() if isinstance(value, float)}
    assert dict(written) == shares
