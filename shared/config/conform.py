"""Whether plain values are of the types that annotations ask for, found out before the call.

Each check raises a ``UserError``: ``KEY: must be WHAT, got VALUE``.
"""

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Union, get_args, get_origin

from shared.errors import UserError, nearest, shown

WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "null"}
_UNIONS, _LISTS, _MAPPINGS = (Union, types.UnionType), (list, tuple, Sequence, Iterable), (dict, Mapping)


class Parameter(NamedTuple):
    """A keyword that a function takes: the type of its value, and whether it has no default."""

    hint: Any
    required: bool


def check_value(value: Any, hint: Any, key: str) -> None:
    """Refuse a plain value (of YAML, JSON or a checkpoint) that is not of a type.

    Args:
        value: null, text, a number, or a list or mapping of such.
        hint: a plain type, a container or union of them, a ``Literal``, an ``Annotated[…, Limit(…)]``, or a
            ``TypedDict`` (no other keys). Lists stand for tuples too, whole numbers for numbers; a number is
            finite.
        key: where it stands.
    """
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if hint in (Any, object):
        return
    if origin is Annotated:
        inner[1].check(key, value)
    elif typing.is_typeddict(hint):
        _require(isinstance(value, dict), value, hint, key)
        taken = {}
        for name, kind in typing.get_type_hints(hint, include_extras=True).items():
            kind = get_args(kind)[0] if get_origin(kind) is NotRequired else kind
            taken[name] = Parameter(kind, name in hint.__required_keys__)
        check_arguments(taken, value, key)
    elif origin in _UNIONS:
        _check_union(value, inner, hint, key)
    elif origin in _LISTS:
        _require(isinstance(value, list | tuple), value, hint, key)
        kinds = inner[:1] * len(value) if inner[1:] in ((), (...,)) else inner
        if inner and len(kinds) != len(value):
            raise UserError(f"{key}: must have {len(kinds)} values, got {len(value)}")
        for number, (item, kind) in enumerate(zip(value, kinds, strict=False)):
            check_value(item, kind, f"{key}[{number}]")
    elif origin in _MAPPINGS:
        _require(isinstance(value, dict), value, hint, key)
        for name, item in value.items():
            check_value(name, str, f"{key}: a key")
            check_value(item, inner[1] if inner else Any, f"{key}.{name}")
    else:
        _require(_is(value, origin, inner), value, hint, key)


def check_known(values: Mapping[str, Any], kind: Any, key: str = "") -> None:
    """Check the keys that a ``TypedDict`` has, as ``check_value``, whatever else stands beside them."""
    _require(isinstance(values, Mapping), values, kind, key)
    known = typing.get_type_hints(kind)
    check_value({name: value for name, value in values.items() if name in known}, kind, key)


def check_arguments(
    function: Callable[..., Any] | Mapping[str, Parameter],
    settings: Mapping[str, Any],
    key: str,
    filled: Iterable[str] = (),
    partial: bool = False,
) -> None:
    """Refuse settings that a function or class cannot be called with.

    Args:
        function: all its parameters are annotated; of a class that hands ``**more`` on, its base's count too.
            Or the parameters by name.
        settings: its keyword arguments, plain values.
        key: where they stand.
        filled: parameters that the caller fills in, and no configuration.
        partial: whether arguments may be missing.
    """
    taken = function if isinstance(function, Mapping) else _parameters(function)
    legal = [name for name in taken if name not in filled]
    place = f"{key}." * bool(key)
    for name, value in settings.items():
        if name not in legal:
            short = str(name)[:80]
            raise UserError(f"{place}{short}: there is no such key; {nearest(short, legal)}")
        check_value(value, taken[name].hint, f"{place}{name}")
    for name in legal:
        if taken[name].required and name not in settings and not partial:
            raise UserError(f"{place}{name}: must be {_words(taken[name].hint)}, but it is missing")


def _require(condition: bool, value: Any, hint: Any, key: str) -> None:
    if not condition:
        raise UserError(f"{key}: must be {_words(hint)}, got {shown(value)}")


def _words(hint: Any) -> str:
    """A type for people: ``a whole number or null``."""
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin is Annotated:
        return inner[1].words
    if origin in _UNIONS:
        # A Tensor, say, can stand in no file.
        plain = [kind for kind in inner if kind in WORDS or get_origin(kind) or typing.is_typeddict(kind)]
        return " or ".join(dict.fromkeys(_words(kind) for kind in plain))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in _LISTS:
        return f"a list of {_words(inner[0])}" if inner and inner[0] is not Any else "a list"
    if origin in _MAPPINGS or typing.is_typeddict(hint):
        return "a mapping"
    return WORDS.get(hint, "a value of its kind")


def _is(value: Any, kind: Any, inner: tuple[Any, ...]) -> bool:
    if kind is Literal:
        return any(value == legal and type(value) is type(legal) for legal in inner)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool) and abs(value) < math.inf
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
    _require(bool(inside), value, hint, key)
    raise inside[0]  # of a list of numbers, the number that is none


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    makers = [function]
    if isinstance(function, type):
        makers = [vars(base)["__init__"] for base in function.__mro__ if "__init__" in vars(base)]
    taken: dict[str, Parameter] = {}
    for make in makers:
        try:
            hints = typing.get_type_hints(make, include_extras=True)
        except NameError:  # torch annotates some with names that only type checkers know
            hints = {}
        own = inspect.signature(make).parameters.values()
        for one in own:
            if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD) and one.name != "self":
                taken.setdefault(one.name, Parameter(hints.get(one.name, Any), one.default is one.empty))
        if not any(one.kind is one.VAR_KEYWORD for one in own):
            break
    return taken
