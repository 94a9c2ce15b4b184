"""What a class takes, read from its source: to import torch for a misspelt key would take seconds."""

import ast
import operator
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, reduce
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union

from shared.config.resolvers import PROJECT

# A value of a configuration is plain: what else an annotation names (Tensor, Strategy) none can be.
PLAIN: dict[str, Any] = {
    "int": int, "float": float, "str": str, "bool": bool, "None": type(None), "Any": Any, "list": list,
    "List": list, "dict": dict, "Dict": dict, "tuple": tuple, "Tuple": tuple, "Sequence": Sequence,
    "Iterable": Sequence, "Mapping": Mapping, "Literal": Literal, "Optional": typing.Optional, "Union": Union,
}  # fmt: skip


class Parameter(NamedTuple):
    """A keyword that a class takes.

    Attributes:
        hint: the type of its value, as ``conform`` reads it; Any where only its class knows it.
        required: it has no default.
    """

    hint: Any
    required: bool


@cache
def parameters(name: str) -> dict[str, Parameter] | None:
    """The keyword arguments of the class or function at a dotted name; None where its source is not found.

    Those that ``**more`` hands on to the class below it are among them, unless it sets them itself.
    """
    place = _find(name)
    if place is None:
        return None
    module, node = place
    if isinstance(node, ast.ClassDef):
        own = [
            child for child in node.body if isinstance(child, ast.FunctionDef) and child.name == "__init__"
        ]
        if not own:
            return _of_bases(module, node)
        [function] = own
    else:
        function = node
    arguments = function.args
    pairs = list(_with_defaults(arguments))
    taken = {
        argument.arg: Parameter(_hint(argument.annotation, module), default is None)
        for argument, default in pairs
    }
    taken.pop("self", None)
    if arguments.kwarg and isinstance(node, ast.ClassDef):
        handed = _of_bases(module, node) or {}
        taken |= {key: value for key, value in handed.items() if key not in {*taken, *_set(function)}}
    return taken


def _with_defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    plain = [*arguments.posonlyargs, *arguments.args]
    missing = len(plain) - len(arguments.defaults)
    yield from zip(plain, [*[None] * missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


def _set(function: ast.FunctionDef) -> set[str]:
    """What the function itself hands to ``super().__init__``."""
    calls = [child for child in ast.walk(function) if isinstance(child, ast.Call)]
    own = [call for call in calls if ast.unparse(call.func) == "super().__init__"]
    return {keyword.arg for call in own for keyword in call.keywords if keyword.arg}


def _of_bases(module: str, node: ast.ClassDef) -> dict[str, Parameter] | None:
    bases = [base for base in node.bases if isinstance(base, ast.Name)]
    candidates = (parameters(f"{module}.{base.id}") for base in bases)
    return next((taken for taken in candidates if taken is not None), None)


def _find(name: str) -> tuple[str, ast.ClassDef | ast.FunctionDef] | None:
    """The module in which a class or function is written, and its node; imports of the name are followed."""
    module, _, attribute = name.rpartition(".")
    file = _file(module)
    if file is None:
        return None
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == attribute:
            return module, node
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == attribute:
                    return _find(f"{node.module}.{alias.name}")
    return None


def _file(module: str) -> Path | None:
    """The source of a module, none of its packages imported."""
    top, *parts = module.split(".")
    if (PROJECT / top).is_dir():
        folder = PROJECT / top
    else:
        spec = PathFinder.find_spec(top) if top else None
        if spec is None or not spec.submodule_search_locations:
            return None
        folder = Path(next(iter(spec.submodule_search_locations)))
    path = folder.joinpath(*parts)
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _hint(node: ast.expr | None, module: str) -> Any:
    """The type that an annotation means."""
    known = _known(node, module)
    return Any if known is None else known


def _known(node: ast.expr | None, module: str) -> Any:
    """The same, None where it is not of plain values; of a union what is plain remains."""
    if isinstance(node, ast.Constant):
        return type(None) if node.value is None else None
    if isinstance(node, ast.BinOp):
        return _union([_known(node.left, module), _known(node.right, module)])
    if isinstance(node, ast.Subscript):
        kind = _known(node.value, module)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if kind is Literal:
            return Literal[tuple(part.value for part in parts if isinstance(part, ast.Constant))]
        inside = [_known(part, module) for part in parts]
        if kind is Union:
            return _union(inside)
        if kind is typing.Optional:
            return None if inside == [None] else _union([*inside, type(None)])
        return (
            kind if kind is None or None in inside else kind[tuple(inside) if len(inside) > 1 else inside[0]]
        )
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    if name in PLAIN or not isinstance(node, ast.Name):
        return PLAIN.get(name)
    place = _find(f"{module}.{name}")
    if place is None or not isinstance(place[1], ast.ClassDef):
        return None
    if "TypedDict" not in [getattr(base, "id", "") for base in place[1].bases]:
        return None
    fields = [child for child in place[1].body if isinstance(child, ast.AnnAssign)]
    hints = {ast.unparse(field.target): _hint(field.annotation, place[0]) for field in fields}
    return typing.TypedDict(name, hints)  # type: ignore[operator]


def _union(members: list[Any]) -> Any:
    plain = [member for member in members if member is not None]
    if not plain or plain == [type(None)]:
        return None
    return reduce(operator.or_, plain) if len(plain) > 1 else plain[0]
