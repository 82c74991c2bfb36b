"""ROS parameters from a pydantic model: one description, one default and one range for each, written once."""

from typing import Any, TypeVar

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

NOT_OURS = ("use_sim_time", "start_type_description_service", "qos_overrides")


class ParameterError(ValueError):
    """All mistakes in a node's parameters, one a line."""


class Settings(BaseModel):
    """The parameters of a node. All are read once, at start."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AnySettings = TypeVar("AnySettings", bound=Settings)


def declare(node: Node, model: type[AnySettings]) -> AnySettings:
    """Declare every field of `model` as a read-only parameter of `node` and return the values.

    Raises:
        ParameterError: with all mistakes at once: unknown names, wrong types, values out of range.
    """
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        try:
            values[name] = node.declare_parameter(name, _default(field), _descriptor(field)).value
        except InvalidParameterTypeException:
            mistakes.append(f"{name}: must be of type {_type_name(field)}")
        except InvalidParameterValueException:
            mistakes.append(f"{name}: {_given(node, name)!r} is outside {_range_text(field)}")
    known = (*model.model_fields, *NOT_OURS)
    # rclpy has no public list of the overrides it was given, and a misspelt name would pass in silence.
    for name in node._parameter_overrides:
        if name.split(".")[0] not in known:
            mistakes.append(f"{name}: there is no such parameter; there are: {', '.join(sorted(model.model_fields))}")
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        mistakes += [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    if mistakes:
        raise ParameterError("\n".join(f"{node.get_name()}: parameter {mistake}" for mistake in mistakes))
    return settings


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    return default if default != [] else Parameter.Type.STRING_ARRAY


def _given(node: Node, name: str) -> Any:
    return node._parameter_overrides[name].value


def _bounds(field: FieldInfo) -> tuple[Any, Any]:
    lowest = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    highest = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    return lowest, highest


def _range_text(field: FieldInfo) -> str:
    lowest, highest = _bounds(field)
    return f"the range from {lowest} to {highest}"


def _type_name(field: FieldInfo) -> str:
    return getattr(field.annotation, "__name__", str(field.annotation))


def _descriptor(field: FieldInfo) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=field.description or "", read_only=True)
    lowest, highest = _bounds(field)
    if lowest is not None and highest is not None:
        if field.annotation is int:
            descriptor.integer_range = [IntegerRange(from_value=lowest, to_value=highest)]
        else:
            descriptor.floating_point_range = [FloatingPointRange(from_value=lowest, to_value=highest)]
    return descriptor
