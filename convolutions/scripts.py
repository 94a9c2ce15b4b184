"""The scripts, by name: each describes its command, and its function is called from Python too."""

import runpy
import sys
from pathlib import Path
from typing import Any

from shared.config import PROJECT, literal

FOLDER = PROJECT / "scripts"


def scripts() -> dict[str, Path]:
    """All of them."""
    return {file.stem: file for file in sorted(FOLDER.glob("[!_]*.py"))}


def call(name: str, *words: str, **values: Any) -> Any:
    """Call the function of a script; nothing is caught.

    Args:
        name: of the script.
        words: overrides as they are typed, such as ``domain=image``.
        values: keys with their values.

    Raises:
        UserError: A word or value is wrong, or as the function.
    """
    sys.path.insert(0, str(FOLDER))
    try:
        main = runpy.run_path(str(scripts()[name]))["main"]
    finally:
        sys.path.remove(str(FOLDER))
    return main.call([*words, *(f"++{key}={_value(value)}" for key, value in values.items())])


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_value, value))}]"
    if isinstance(value, str | Path):
        return literal(str(value))
    return "null" if value is None else str(value)
