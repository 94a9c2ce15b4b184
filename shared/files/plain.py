"""YAML and JSON of unknown origin: plain values within limits, or one line that names the file.

A run folder may come from a stranger, and may be half written. Nothing in these files is code, or stands for
another file or a variable of the environment; reading takes no more memory and time than their size explains.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from shared.errors import UserError, named

LIMIT = 128 * 2**10  # bytes of a YAML file; a run's is of some 3,000, and PyYAML reads 50,000 in a second
JSON_LIMIT = 4 * 2**20  # bytes of a JSON file
DEPTH = 40  # containers within containers
DIGITS = 100  # of a whole number
SURROGATE = re.compile("[\ud800-\udfff]")  # which cannot be encoded; JSON and pickles may hold half a pair


class _Loader(get_yaml_loader()):  # type: ignore[misc]  # OmegaConf's: safe, keys unique, no dates
    """A safe loader with limited depth and without aliases, by which few lines can stand for gigabytes."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        with named(f"line {event.start_mark.line + 1}"):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise UserError("aliases (& and *) are not read; write the values out")
            if self.depth >= DEPTH:
                raise UserError(f"nested deeper than {DEPTH}")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node.tag == "tag:yaml.org,2002:int" and len(node.value) > DIGITS:  # 1:1:1:… counts in sixties
            raise UserError(f"line {node.start_mark.line + 1}: must be a number of at most {DIGITS} digits")
        return node


def read_yaml(path: Path, *, interpolations: bool = False) -> dict[str, Any]:
    """The mapping in a YAML file, in which values may stand for others only with ``interpolations``.

    Raises:
        UserError: The file cannot be read, is no mapping of plain values, or holds an interpolation.
    """
    try:
        return _read(path, LIMIT, partial(yaml.load, Loader=_Loader), interpolations)
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, AttributeError, LookupError) as error:
        raise broken_yaml(path, error) from error


def broken_yaml(path: str | Path, error: Exception) -> UserError:
    """The error for a file that is no YAML, with the line where that was noticed."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark is None:
        return UserError(f"{path}: broken YAML: {_first_line(error)}")
    reason = " ".join(part for part in (error.problem, error.context) if part)  # type: ignore[attr-defined]
    return UserError(
        f"{path}, line {mark.line + 1}: broken YAML: {reason}; "
        "look for a missing bracket, quote or indent at or above it"
    )


def read_json(path: Path) -> dict[str, Any]:
    """The mapping in a JSON file; NaN stands for what could not be computed.

    Raises:
        UserError: The file cannot be read, or is no mapping of plain values.
    """
    try:
        return _read(path, JSON_LIMIT, json.loads, interpolations=True)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: broken JSON: {_first_line(error)}") from error


def _read(path: Path, limit: int, parse: Callable[[str], Any], interpolations: bool) -> dict[str, Any]:
    """The mapping in a file; what ``parse`` raises is raised."""
    with named(path):
        try:
            if not path.is_file():  # a device or a pipe may never end
                raise UserError("no such file")
            if (size := path.stat().st_size) > limit:
                raise UserError(f"{size:,} bytes, more than the {limit:,} that such a file may have")
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"must be text in UTF-8: {error}") from error
        except OSError as error:
            raise UserError(f"cannot be read ({error.strerror})") from error
        values = parse(text)
        if not isinstance(values, dict):
            raise UserError(f"must hold a mapping of keys to values, got {type(values).__name__}")
        check_plain(values, "", interpolations=interpolations)
        return values


def check_plain(value: Any, key: str, *, interpolations: bool = True, depth: int = 0) -> None:
    """Refuse all but null, text, numbers of 64 bits, and lists and mappings of such.

    Args:
        value: as a reader of a format or torch made it.
        key: where it stands.
        interpolations: whether text may hold what OmegaConf takes for one.
        depth: containers around it.
    """
    if depth > DEPTH:
        raise UserError(f"{key[:80]}: nested deeper than {DEPTH}")
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str) or SURROGATE.search(name):
                raise UserError(f"{key or 'keys'}: must be text, got {type(name).__name__}")
            here = f"{key}.{name[:80]}" if key else name[:80]
            check_plain(item, here, interpolations=interpolations, depth=depth + 1)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            check_plain(item, f"{key}[{number}]", interpolations=interpolations, depth=depth + 1)
    elif isinstance(value, int) and abs(value) >= 2**63:
        raise UserError(f"{key}: must be a number below 2 to the power of 63, got a larger one")
    elif isinstance(value, str):
        if SURROGATE.search(value):
            raise UserError(f"{key}: must be text, got half of a surrogate pair")
        if not interpolations and ("${" in value or value == "???"):
            raise UserError(f"{key}: must be a value, got {value[:80]!r}, which stands for another")
    elif value is not None and not isinstance(value, bool | int | float):
        raise UserError(f"{key}: must be text, a number, a list or a mapping, got {type(value).__name__}")


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
