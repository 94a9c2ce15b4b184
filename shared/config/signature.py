"""What a class takes, read from its source: to import torch for a misspelt key would take seconds."""

import ast
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin

from shared.config.conform import Parameter
from shared.config.project import PROJECT

# A value of a configuration is plain: what else an annotation names (Tensor, Strategy) none can be.
PLAIN: dict[str, Any] = {kind.__name__: kind for kind in (bool, dict, float, int, list, str, tuple)} | {
    name: vars(typing)[name]
    for name in (
        *("Any", "Dict", "List", "Literal", "Mapping", "NotRequired"),
        *("Optional", "Sequence", "Tuple", "Union"),
    )
}


class _AnyName(type):
    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, item: object) -> type:
        return cls

    def __iter__(cls) -> Iterator[type]:  # else __getitem__ would give items without end
        raise TypeError("an annotation that unpacks a name cannot be read: write its values")


class _Other(metaclass=_AnyName):
    """A type that no plain value has."""


class _Names(dict[str, Any]):
    """What the names in a module's annotations mean."""

    def __init__(self, module: str):
        super().__init__(PLAIN, Iterable=typing.Sequence, typing=typing)
        self.module = module

    def __missing__(self, name: str) -> Any:
        module, node = _find(self.module, name) or (self.module, None)
        if not isinstance(node, ast.ClassDef) or "TypedDict" not in map(ast.unparse, node.bases):
            return _Other
        fields = [child for child in node.body if isinstance(child, ast.AnnAssign)]
        hints = _hints({ast.unparse(field.target): field.annotation for field in fields}, module)
        partial = "total=False" in map(ast.unparse, node.keywords)
        return typing.TypedDict(name, hints, total=not partial)  # type: ignore[operator]


@cache
def parameters(name: str) -> dict[str, Parameter] | None:
    """The keyword arguments of the class or function at a dotted name; None where its source is not found.

    Those that ``**more`` hands on to the class below it are among them, unless it sets them itself.
    """
    module, _, attribute = name.rpartition(".")
    place = _find(module, attribute)
    if place is None:
        return None
    module, node = place
    function: ast.stmt | None = node
    below: dict[str, Parameter] | None = None
    if isinstance(node, ast.ClassDef):
        bases = (parameters(f"{module}.{base.id}") for base in node.bases if isinstance(base, ast.Name))
        below = next((taken for taken in bases if taken is not None), None)
        function = _named(node.body, "__init__")
    if not isinstance(function, ast.FunctionDef):
        return below
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    defaults = [*arguments.defaults, *arguments.kw_defaults]
    defaults = [*[None] * (len(listed) - len(defaults)), *defaults]
    hints = _hints({one.arg: one.annotation for one in listed}, module)
    taken = {
        one.arg: Parameter(hints.get(one.arg, Any), default is None)
        for one, default in zip(listed, defaults, strict=True)
        if one.arg != "self"
    }
    handed = (below or {}) if arguments.kwarg else {}
    return {key: value for key, value in handed.items() if key not in _settled(function)} | taken


def _settled(function: ast.FunctionDef) -> set[str | None]:
    """What the function itself hands to ``super().__init__``."""
    calls = [child for child in ast.walk(function) if isinstance(child, ast.Call)]
    own = [call for call in calls if ast.unparse(call.func) == "super().__init__"]
    return {keyword.arg for call in own for keyword in call.keywords}


def _hints(annotations: Mapping[str, ast.expr | None], module: str) -> dict[str, Any]:
    """The types that annotations mean; Any where no plain value can be of it."""
    texts = {name: ast.unparse(node) for name, node in annotations.items() if node}
    hints = typing.get_type_hints(
        SimpleNamespace(__annotations__=texts), {}, _Names(module), include_extras=True
    )
    return {name: Any if _is_other(hint) else hint for name, hint in hints.items()}


def _is_other(hint: Any) -> bool:
    inner = get_args(hint)
    if hint is _Other or _Other not in inner:
        return hint is _Other
    return get_origin(hint) not in (Union, UnionType) or not {*inner} - {_Other, type(None)}


def _find(module: str, name: str) -> tuple[str, ast.stmt] | None:
    """The module in which a class or function is written, and its node; imports of the name are followed."""
    node = _named(_body(module), name)
    if isinstance(node, ast.ImportFrom):
        [original] = [alias.name for alias in node.names if (alias.asname or alias.name) == name]
        return _find(str(node.module), original) if not node.level else None
    return (module, node) if node else None


def _named(body: list[ast.stmt], name: str) -> ast.stmt | None:
    """The statement that defines or imports a name."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and name in [alias.asname or alias.name for alias in node.names]:
            return node
    return None


@cache
def _body(module: str) -> list[ast.stmt]:
    """The statements of a module, none of its packages imported; none where its source is not found."""
    top, *parts = module.split(".")
    folders = [str(PROJECT / top)]
    if not Path(*folders).is_dir():
        spec = PathFinder.find_spec(top)
        folders = list((spec and spec.submodule_search_locations) or [])
    for folder in folders:
        path = Path(folder, *parts)
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                return ast.parse(file.read_text()).body
    return []
