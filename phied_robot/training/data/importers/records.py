"""Records of a published data set, with every one that breaks its form named."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from phied_robot.training.data.files import Mistakes

Record = TypeVar("Record", bound=BaseModel)


def validated(
    values: Iterable[tuple[str, Any]], model: type[Record], mistakes: Mistakes | None = None
) -> list[tuple[str, Record]]:
    """Records of a form, each with its place.

    Args:
        values: place and content of each.
        model: the form.
        mistakes: what was found wrong before.

    Raises:
        DataError: a line for each mistake.
    """
    records, mistakes = [], mistakes or Mistakes()
    for place, value in values:
        try:
            records.append((place, model.model_validate(value)))
        except ValidationError as error:
            for mistake in error.errors(include_url=False):
                key = ".".join(str(part) for part in mistake["loc"])
                mistakes.add(f"{place}: {key}: {mistake['msg']}")
    mistakes.refuse()
    return records
