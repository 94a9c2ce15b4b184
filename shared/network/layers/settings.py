"""What a layer's settings may be: the keyword arguments of its constructor, with their types."""

import inspect
from typing import Any, Literal, TypeAlias, TypeVar

from shared.config import check_arguments
from shared.errors import UserError

Size: TypeAlias = int | Literal["span"]
T = TypeVar("T")


def pair(key: str, value: T | list[Any]) -> tuple[T, T]:
    """One value for both axes, or one for each.

    Raises:
        UserError: It is a list of another length.
    """
    if isinstance(value, list) and len(value) != 2:
        raise UserError(f"{key}: must be one value or a list of two, one an axis, got {value}")
    first, second = value if isinstance(value, list) else (value, value)
    return first, second


def settings_of(layer: type) -> list[str]:
    """The names of a layer's settings."""
    arguments = inspect.signature(layer).parameters.values()
    return [argument.name for argument in arguments if argument.kind is argument.KEYWORD_ONLY]


def check_settings(layer: type, settings: dict[str, Any], place: str, partial: bool = False) -> None:
    """Refuse settings that the layer lacks, or needs, or has of another type; whole numbers count from 1.

    Args:
        layer: its class.
        settings: by name.
        place: where they stand, for messages.
        partial: whether settings may be missing.

    Raises:
        UserError: ``PLACE.KEY: must be WHAT, got VALUE``.
    """
    check_arguments(layer, settings, place, filled=("shape",), partial=partial)
    for key, value in settings.items():
        numbers = value if isinstance(value, list) else [value]
        hint = inspect.signature(layer).parameters[key].annotation
        if hint is not float and any(type(number) is int and number < 1 for number in numbers):
            raise UserError(f"{place}.{key}: must be at least 1, got {value}")
