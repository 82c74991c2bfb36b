"""What a training run is told: one YAML file, checked as a whole before anything is loaded."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from phied_robot.language_model.loading import choose_device
from phied_robot.language_model.prefix import CONTEXT
from phied_robot.language_model.sources import ModelError, read_json, resolve
from phied_robot.located_yaml import LocatedYaml, YamlMistake, parse

Task = Literal["strategy", "response"]


class TrainingError(ValueError):
    """Training that cannot begin or go on; the text says why, and what to do."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Files = Annotated[list[Path], BeforeValidator(_as_list), Field(min_length=1)]


class Configuration(BaseModel):
    """The settings of a run. Paths are relative to the folder in which the command runs."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    base: str
    train: Files
    validation: Files
    output: Path
    licence: str = "other"

    max_tokens: int = Field(default=512, ge=32, le=CONTEXT)
    batch: int = Field(default=4, ge=1, le=1024)
    accumulation: int = Field(default=4, ge=1, le=4096)
    epochs: float | None = Field(default=None, gt=0, le=1000)
    steps: int | None = Field(default=None, ge=1)
    gradient_checkpointing: bool = True

    rank: int = Field(default=16, ge=1, le=512)
    alpha: int = Field(default=32, ge=1, le=1024)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    learning_rate: float = Field(default=2e-4, gt=0, le=0.1)
    warm_up: float = Field(default=0.05, ge=0, lt=1)

    evaluate_every: int = Field(default=50, ge=1)
    validation_examples: int = Field(default=200, ge=1)
    patience: int = Field(default=3, ge=1)
    seed: int = Field(default=7, ge=0, lt=2**32)
    device: Literal["auto", "cuda", "cpu"] = "auto"
    report_to: list[Literal["mlflow", "tensorboard"]] = []

    @field_validator("base")
    @classmethod
    def _base_is_known(cls, base: str) -> str:
        resolve(base)
        return base

    @field_validator("train", "validation")
    @classmethod
    def _files_are_there(cls, files: list[Path], info: ValidationInfo) -> list[Path]:
        if missing := [str(file) for file in files if not file.is_file()]:
            raise ValueError(f"there is no file {', '.join(missing)}; 'phied data' makes such files")
        if both := sorted({str(file) for file in files} & {str(file) for file in info.data.get("train", [])}):
            raise ValueError(f"{', '.join(both)} is in train as well; 'phied data split' keeps the two apart")
        return files

    @field_validator("output")
    @classmethod
    def _output_is_a_folder(cls, output: Path) -> Path:
        if output.exists() and not output.is_dir():
            raise ValueError(f"{output} is a file; name a folder")
        return output

    @field_validator("max_tokens")
    @classmethod
    def _base_reads_so_far(cls, max_tokens: int, info: ValidationInfo) -> int:
        if base := info.data.get("base"):
            context = read_json(resolve(base).base, "config.json").get("max_position_embeddings", CONTEXT)
            if max_tokens > context:
                raise ValueError(f"the base reads at most {context} tokens")
        return max_tokens

    @field_validator("steps")
    @classmethod
    def _one_length(cls, steps: int | None, info: ValidationInfo) -> int | None:
        if "epochs" in info.data and (steps is None) == (info.data["epochs"] is None):
            raise ValueError("give either steps or epochs")
        return steps

    @field_validator("device")
    @classmethod
    def _device_is_there(cls, device: str) -> str:
        choose_device(device)
        return device

    @field_validator("report_to")
    @classmethod
    def _reporters_are_installed(cls, names: list[str]) -> list[str]:
        if missing := [name for name in names if find_spec(name) is None]:
            raise ValueError(f"not installed: pip install {' '.join(missing)}")
        return names


def read_configuration(path: Path) -> Configuration:
    """Read and check a configuration.

    Raises:
        TrainingError: one line for each mistake, all at once.
    """
    try:
        located = parse(path.read_text(encoding="utf-8"))
    except YamlMistake as mistake:
        raise TrainingError(f"{path}:{mistake.line}: {mistake}") from mistake
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error
    if not isinstance(located.value, dict):
        raise TrainingError(f"{path}: a configuration is a list of 'name: value' lines")
    try:
        return Configuration.model_validate(located.value)
    except ValidationError as error:
        mistakes = sorted(_sentence(path, located, dict(mistake)) for mistake in error.errors(include_url=False))
        raise TrainingError("\n".join(sentence for _line, sentence in mistakes)) from error
    except ModelError as error:
        raise TrainingError(f"{path}: {error}") from error


def _sentence(path: Path, located: LocatedYaml, mistake: dict[str, Any]) -> tuple[int, str]:
    key = str(mistake["loc"][0])
    line = located.line(tuple(mistake["loc"]))
    match mistake["type"]:
        case "missing":
            says = f"{key} is missing"
        case "extra_forbidden":
            says = f"there is no setting {key!r}; there are {', '.join(Configuration.model_fields)}"
        case "value_error":
            says = f"{key}: {mistake['ctx']['error']}"
        case _:
            says = f"{key} is {mistake['input']!r}: {mistake['msg'][0].lower()}{mistake['msg'][1:]}"
    return line, f"{path}:{line}: {says}"
