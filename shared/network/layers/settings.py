"""What a layer's settings may be: its constructor's keyword arguments, their types and their defaults."""

import inspect
from types import UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from shared.errors import UserError, nearest

Extent: TypeAlias = int | Literal["span"]
T = TypeVar("T")


def pair(value: T | list[Any]) -> tuple[T, T]:
    """One setting for both axes, or one for each."""
    first, second = value if isinstance(value, list) else (value, value)
    return first, second


def check_settings(layer: type, settings: dict[str, Any]) -> None:
    """Refuse settings that the layer's constructor does not have, lacks, or has of another type.

    Raises:
        UserError: Naming the key, the value and what is allowed.
    """
    arguments = inspect.signature(layer).parameters.values()
    keys = {argument.name: argument for argument in arguments if argument.kind is argument.KEYWORD_ONLY}
    types = get_type_hints(layer.__init__)  # type: ignore[misc]
    for key, value in settings.items():
        if key not in keys:
            remedy = nearest(str(key), list(keys)) if keys else "it takes no settings"
            raise UserError(f"unknown key {key!r}: {remedy}")
        if not _fits(value, types[key]):
            raise UserError(f"{key}: {value!r} is not {_words(types[key])}")
    for key, argument in keys.items():
        if argument.default is argument.empty and key not in settings:
            raise UserError(f"{key} is missing: it is {_words(types[key])}")


def _fits(value: Any, allowed: Any) -> bool:
    kind, options = get_origin(allowed), get_args(allowed)
    if kind in (Union, UnionType):
        return any(_fits(value, option) for option in options)
    if kind is Literal:
        return isinstance(value, str) and value in options
    if kind is list:
        return isinstance(value, list) and len(value) == 2 and all(_fits(each, options[0]) for each in value)
    if allowed is int:  # counts and extents, all of them
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if allowed is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, allowed)


def _words(allowed: Any) -> str:
    kind, options = get_origin(allowed), get_args(allowed)
    if kind in (Union, UnionType):
        return " or ".join(_words(option) for option in options)
    if kind is Literal:
        return " or ".join(options)
    if kind is list:
        return "a list of two of these, one an axis"
    return {int: "a whole number of at least 1", float: "a number", bool: "true or false"}[allowed]
