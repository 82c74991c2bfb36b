"""Where the files of `config/` are, and how one is read so that every mistake is named by file and line."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from phied_robot import located_yaml

MAX_BYTES = 1_000_000
INSTALLED = Path("share/phied_robot/config")

Mistake = tuple[located_yaml.Path, str]
AnyModel = TypeVar("AnyModel", bound=BaseModel)


class ConfigurationError(ValueError):
    """A file cannot be used; the text holds one line for each mistake, with file and line."""


def config_path(name: str) -> Path:
    """A file or folder of `config/`: in a checkout, or installed by pip or colcon.

    Raises:
        ConfigurationError: there is none.
    """
    package = Path(__file__).resolve().parent
    candidates = [package.parent / "config"]
    candidates += [folder / INSTALLED for folder in package.parents]
    candidates += [Path(sys.prefix) / INSTALLED]
    for candidate in candidates:
        if (candidate / name).exists():
            return candidate / name
    raise ConfigurationError(f"config/{name} is missing beside {package}; install the package again")


def load(
    path: Path, model: type[AnyModel], *, also: Callable[[dict[str, Any]], Sequence[Mistake]] = lambda _: ()
) -> AnyModel:
    """Read a YAML file into `model`; `also` finds in the plain document what the model cannot see.

    Raises:
        ConfigurationError: the file cannot be read, is no YAML, or breaks the format; all mistakes at once.
    """
    try:
        document = located_yaml.parse(_read(path))
    except located_yaml.YamlMistake as mistake:
        raise ConfigurationError(f"{path.name}:{mistake.line}: cannot be read as YAML: {mistake}") from mistake
    if not isinstance(document.value, dict):
        raise ConfigurationError(f"{path.name}:1: it must begin with one of the keys {', '.join(model.model_fields)}")
    mistakes = list(also(document.value))
    try:
        content = model.model_validate(document.value)
    except ValidationError as error:
        mistakes += [(mistake["loc"], _sentence(dict(mistake), model)) for mistake in error.errors(include_url=False)]
    if mistakes:
        lines = sorted((document.line(place), f"{_written(place)}: {message}") for place, message in mistakes)
        raise ConfigurationError("\n".join(f"{path.name}:{line}: {message}" for line, message in lines))
    return content


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise ConfigurationError(f"there is no file '{path}'")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ConfigurationError(f"{path.name} has {size} bytes; at most {MAX_BYTES} are read")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path.name}:{line}: not UTF-8; save the file with the encoding UTF-8") from error


def _written(place: located_yaml.Path) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).lstrip(".")


def _sentence(mistake: dict[str, Any], model: type[BaseModel]) -> str:
    context = mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"unknown key; the keys here are {', '.join(_owner(model, mistake['loc'][:-1]).model_fields)}"
        case "string_too_short":
            return "is empty"
        case "string_too_long":
            return f"has {len(mistake['input'])} characters, at most {context['max_length']} are allowed"
        case "string_type":
            return "must be text"
        case "string_pattern_mismatch":
            return f"{mistake['input']!r} may hold only small letters, digits, _ and -"
        case "list_type" | "tuple_type":
            return "must be a list, such as [one, two]"
        case "model_type" | "dict_type":
            return "must be an entry with keys"
        case "literal_error":
            return f"must be {context['expected']}, not {mistake['input']!r}"
        case "int_parsing":
            return f"must be a whole number, not {mistake['input']!r}"
        case "float_parsing":
            return f"must be a number, not {mistake['input']!r}"
        case "too_short":
            return f"needs at least {context['min_length']}"
        case "too_long":
            return f"has more than {context['max_length']}"
        case "value_error":
            return str(context["error"])
        case _:
            return str(mistake["msg"])


def _owner(model: type[BaseModel], place: located_yaml.Path) -> type[BaseModel]:
    """The model that describes the entry at `place`."""
    for part in place:
        if part in model.model_fields:
            model = _entry_model(model.model_fields[str(part)].annotation) or model
    return model


def _entry_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _entry_model(argument))), None)
