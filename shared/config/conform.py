"""Whether plain values are of the types that annotations ask for, found out before the call."""

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NotRequired, Union, get_args, get_origin

from shared.errors import UserError, nearest

WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "null"}
_LISTS = (list, tuple, Sequence, Iterable)


def check_value(value: Any, hint: Any, key: str) -> None:
    """Refuse a plain value (of YAML, JSON or a checkpoint) that is not of a type.

    Args:
        value: null, text, a number, or a list or mapping of such.
        hint: a plain type, a container or union of them, a ``Literal``, or a ``TypedDict`` (all keys of it,
            and no others). Lists stand for tuples too, whole numbers for numbers; a number is finite.
        key: where it stands.

    Raises:
        UserError: ``KEY: must be WHAT, got VALUE``.
    """
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if hint in (Any, object):
        return
    if typing.is_typeddict(hint):
        _check_keys(value, hint, key)
    elif origin in (Union, types.UnionType):
        _check_union(value, inner, hint, key)
    elif origin in _LISTS:
        if not isinstance(value, list | tuple):
            raise _not(value, hint, key)
        kinds = inner[:1] * len(value) if inner[1:] in ((), (...,)) else inner
        if inner and len(kinds) != len(value):
            raise UserError(f"{key}: must have {len(kinds)} values, got {len(value)}")
        for number, (item, kind) in enumerate(zip(value, kinds, strict=False)):
            check_value(item, kind, f"{key}[{number}]")
    elif origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise _not(value, hint, key)
        for name, one in value.items():
            check_value(name, str, f"{key}: a key")
            check_value(one, inner[1] if inner else Any, f"{key}.{name}")
    elif not _is(value, origin, inner):
        raise _not(value, hint, key)


def check_arguments(
    function: Callable[..., Any],
    settings: Mapping[str, Any],
    key: str,
    filled: Iterable[str] = (),
    partial: bool = False,
) -> None:
    """Refuse settings that a function or class cannot be called with.

    Args:
        function: all its parameters are annotated; of a class that hands ``**more`` on, its base's count too.
        settings: its keyword arguments, plain values.
        key: where they stand.
        filled: parameters that the caller fills in, and no configuration.
        partial: whether arguments may be missing.

    Raises:
        UserError: Naming the key that is missing, unknown, or of another type.
    """
    parameters = _parameters(function)
    legal = [name for name in parameters if name not in filled]
    for name, value in settings.items():
        if name not in legal:
            raise UserError(f"{key}.{str(name)[:80]}: there is no such key; {nearest(str(name)[:80], legal)}")
        check_value(value, parameters[name][0], f"{key}.{name}")
    for name in legal:
        if parameters[name][1] and name not in settings and not partial:
            raise UserError(f"{key}.{name}: must be {words(parameters[name][0])}, but it is missing")


def check_known(values: Mapping[str, Any], kind: Any, key: str = "") -> None:
    """Check the keys that a ``TypedDict`` has, as ``check_value``, whatever else stands beside them.

    Raises:
        UserError: Naming the key.
    """
    known = typing.get_type_hints(kind)
    if not isinstance(values, Mapping):
        raise _not(values, kind, key)
    check_value({name: value for name, value in values.items() if name in known}, kind, key)


def words(hint: Any) -> str:
    """A type for people: ``a whole number or null``."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        # A Tensor, say, can stand in no file.
        plain = [kind for kind in inner if kind in WORDS or get_origin(kind) or typing.is_typeddict(kind)]
        return " or ".join(dict.fromkeys(words(kind) for kind in plain))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in _LISTS:
        return f"a list of {words(inner[0])}" if inner and inner[0] is not Any else "a list"
    if origin in (dict, Mapping) or typing.is_typeddict(hint):
        return "a mapping"
    return WORDS.get(hint, "a value of its kind")


def _is(value: Any, kind: Any, inner: tuple[Any, ...]) -> bool:
    if kind is Literal:
        return any(value == legal and type(value) is type(legal) for legal in inner)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return kind in (None, bool, str, type(None)) and isinstance(value, kind or type(None))


def _check_union(value: Any, inner: tuple[Any, ...], hint: Any, key: str) -> None:
    errors = []
    for kind in inner:
        try:
            check_value(value, kind, key)
        except UserError as error:
            errors.append(error)
        else:
            return
    inside = [error for error in errors if not str(error).startswith(f"{key}: ")]
    raise inside[0] if inside else _not(value, hint, key)  # of a list of numbers, the number that is none


def _check_keys(value: Any, hint: Any, key: str) -> None:
    if not isinstance(value, dict):
        raise _not(value, hint, key)
    known = typing.get_type_hints(hint, include_extras=True)
    for name in value:
        if name not in known:
            short = str(name)[:80]
            raise UserError(f"{key}.{short}: there is no such key; {nearest(short, list(known))}")
    for name, its in known.items():
        place = f"{key}.{name}" if key else name
        if name in value:
            check_value(value[name], get_args(its)[0] if get_origin(its) is NotRequired else its, place)
        elif name in hint.__required_keys__:
            raise UserError(f"{place}: must be {words(its)}, but it is missing")


def _not(value: Any, hint: Any, key: str) -> UserError:
    shown = (
        repr(value) if value is None or isinstance(value, bool | int | float | str) else type(value).__name__
    )
    return UserError(f"{key}: must be {words(hint)}, got {shown[:80]}")


def _parameters(function: Callable[..., Any]) -> dict[str, tuple[Any, bool]]:
    """The annotation of each parameter, and whether it must be given."""
    parameters: dict[str, tuple[Any, bool]] = {}
    makers = (
        [vars(base)["__init__"] for base in function.__mro__ if "__init__" in vars(base)]
        if isinstance(function, type)
        else [function]
    )
    for make in makers:
        try:
            hints = typing.get_type_hints(make)
        except NameError:  # torch annotates some with names that only type checkers know
            hints = {}
        own = [
            parameter for parameter in inspect.signature(make).parameters.values() if parameter.name != "self"
        ]
        for one in own:
            if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD):
                parameters.setdefault(one.name, (hints.get(one.name, Any), one.default is one.empty))
        if not any(one.kind is one.VAR_KEYWORD for one in own):
            break
    return parameters
