"""config/tutor.yaml is the one place where people look for parameters: it names all of them, at their defaults."""

import importlib
import pkgutil
from pathlib import Path

import pytest
import yaml

from phied_robot import nodes
from phied_robot.nodes.parameters import Settings

FILE = Path(__file__).parents[2] / "config" / "tutor.yaml"


def settings_of_every_node() -> dict[str, type[Settings]]:
    """The Settings model that each node's module defines, by the node's name."""
    found = {}
    for info in pkgutil.iter_modules(nodes.__path__):
        module = importlib.import_module(f"{nodes.__name__}.{info.name}")
        models = [
            one
            for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, Settings) and one.__module__ == module.__name__
        ]
        if models and models != [Settings]:
            (found[info.name],) = models
    return found


SETTINGS = settings_of_every_node()


def test_every_node_with_parameters_has_its_section() -> None:
    assert {f"/**/{node}" for node in SETTINGS} == set(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    assert "language_model" in SETTINGS and "session" in SETTINGS


@pytest.mark.parametrize("node", sorted(SETTINGS))
def test_parameters_and_defaults_are_those_of_the_code(node: str) -> None:
    written = yaml.safe_load(FILE.read_text(encoding="utf-8"))[f"/**/{node}"]["ros__parameters"]
    defaults = SETTINGS[node]().model_dump()
    assert written == defaults
    # ROS takes no integer for a double, so 30 for 30.0 would stop the node.
    assert {name: type(value) for name, value in written.items()} == {
        name: type(value) for name, value in defaults.items()
    }


@pytest.mark.parametrize("node", sorted(SETTINGS))
def test_every_parameter_is_explained_here_and_in_its_descriptor(node: str) -> None:
    section = FILE.read_text(encoding="utf-8").split(f"/**/{node}:")[1].split("/**/")[0]
    for name, field in SETTINGS[node].model_fields.items():
        (line,) = [line for line in section.splitlines() if line.strip().startswith(f"{name}:")]
        assert "# " in line, f"{name} has no comment in {FILE.name}"
        assert field.description, f"{name} has no description"
