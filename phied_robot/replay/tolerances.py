"""What counts as a difference between two runs of the same inputs."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from phied_robot import configuration

Share = Annotated[float, Field(ge=0, le=1)]
Aspect = Literal["fingerprints", "prompt_version", "package_version", "parameters"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slower(_Entry):
    """A stage is slower above factor times what it took, and seconds on top."""

    factor: Annotated[float, Field(ge=1)]
    seconds: Annotated[float, Field(ge=0)]


class Tolerances(_Entry):
    """`config/replay_tolerances.yaml` explains each."""

    configuration: list[Aspect]
    prompts: bool
    strategy: bool
    distribution: Share
    transcript: Share
    answer: Share
    gestures: Annotated[int, Field(ge=0)]
    timings: dict[str, Slower]


def load_tolerances(path: Path) -> Tolerances:
    """Read tolerances.

    Raises:
        ConfigurationError: the file is missing or broken; every mistake with its line.
    """
    return configuration.load(path, Tolerances)
