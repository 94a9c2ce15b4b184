"""Commands that are printed for a user to paste."""

import shlex
from pathlib import Path
from typing import Any

from shared.config.literal import (
    LISTS,
    QUOTED,
    WORD,
    as_typed,
    is_null,
    kind_of,
    quoted,
    unquoted,
    without_interpolation,
)
from shared.config.project import INSTALLED, PROJECT


def command_line(script: str, *words: str, **values: Any) -> str:
    """``python scripts/train.py …``, to be pasted into a shell whose current folder is this process's.

    Where the wheel is installed it is ``convolutions train …``.

    Args:
        script: Name of the command.
        words: Flags, and overrides as Hydra reads them.
        values: Keys with their values as they are meant, such as the folder of ``resume``.
    """
    path = PROJECT / "scripts" / f"{script}.py"
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    typed = [f"{key}={_typed(key, str(value))}" for key, value in values.items()]
    program = ["convolutions", script] if INSTALLED else ["python", str(shown)]
    return shlex.join([*program, *map(_without_quotes, words), *typed])


def _typed(key: str, value: str) -> str:
    """What is typed for a value: the value itself, wherever that is taken as it stands."""
    kind = kind_of(key)
    changed = QUOTED.fullmatch(value) or (kind != "text" and (is_null(value) or "${" in value))
    if kind is None or changed or (kind in LISTS and value.startswith("[")):
        return quoted(without_interpolation(value))
    return value


def _without_quotes(word: str) -> str:
    """An override without Hydra's quotes, where they are not needed."""
    match = WORD.fullmatch(word)
    held = QUOTED.fullmatch(match["value"]) if match else None
    if match is None or held is None or kind_of(match["name"]) is None:
        return word
    plain = f"{match['key']}={unquoted(held[1])}"
    return plain if as_typed([plain]) == [word] else word
