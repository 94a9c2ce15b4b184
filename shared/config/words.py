"""The words of a command line: as typed, as Hydra reads them, and as printed to be pasted."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString

from shared.config.project import INSTALLED, PROJECT, plain_file
from shared.errors import UserError, nearest

WORD = re.compile(r"(?P<key>\+{0,2}(?P<name>[\w.$/@:-]+))=(?P<value>.*)", re.DOTALL)
# One quoted value from end to end: a quote inside has a backslash before it.
QUOTED = re.compile(r"\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*", re.DOTALL)
SWEEP = re.compile(r"(choice|range|glob|shuffle|sort|tag|interval)\(.*\)", re.DOTALL)


def command_words(given: Sequence[str], stands_for: Mapping[str, str], adds: str | None) -> list[str]:
    """What Hydra gets: flags as they are, overrides as they were meant.

    Args:
        given: As the shell gives them.
        stands_for: Words that stand for an override.
        adds: A section whose keys need no ``+``.

    Raises:
        UserError: An unknown flag, such as ``--domain`` for ``domain=``.
    """
    words = [stands_for.get(word, word) for word in given]
    flags = [flag for action in get_args_parser()._actions for flag in action.option_strings]
    for word, following in pairwise([*words, ""]):
        flag, sign, value = word.partition("=")
        if not flag.startswith("-") or any(known.startswith(flag) for known in flags):
            continue
        if not sign and not following.startswith("-") and "=" not in following:
            value = following
        close = nearest(flag, [known for known in flags if known.startswith("--")])
        hint = f"write {flag.lstrip('-')}={value or '…'}"
        hint = close if close.startswith("did you mean") and not value else hint
        raise UserError(f"{word}: must be KEY=VALUE or a flag of --help; {hint}")
    if adds:
        words = [f"++{word}" if word.startswith(f"{adds}.") else word for word in words]
    return as_typed(words, multirun="-m" in words or "--multirun" in words)


def as_typed(words: Sequence[str], multirun: bool = False) -> list[str]:
    """The overrides with free text and paths, see ``conf/free_text.yaml``, in Hydra's quotes; twice as once.

    With ``multirun`` an unquoted comma in a path separates the values of a grid.
    """
    return [_as_typed(word, multirun) for word in words]


def _as_typed(word: str, multirun: bool) -> str:
    match = WORD.fullmatch(word)
    kinds = [kind for kind, pattern in _listed() if match and fnmatchcase(match["name"], pattern)]
    if match is None or not kinds or QUOTED.fullmatch(match["value"]):
        return word
    [kind, *_], value = kinds, match["value"]
    if kind == "text":
        return f"{match['key']}={literal(value)}"
    if multirun and SWEEP.fullmatch(value):
        return word
    values = _split(value) if multirun else [value]
    return f"{match['key']}={','.join(_value(part, kind) for part in values)}"


@cache
def _listed() -> list[tuple[str, str]]:
    kinds = plain_file("free_text.yaml")
    return [(kind, pattern) for kind, patterns in kinds.items() for pattern in patterns]


def _value(value: str, kind: str) -> str:
    """One value of a path: none, a list, or the path as it stands."""
    if value.strip().lower() == "null" or QUOTED.fullmatch(value):
        return value
    if kind == "data" and value.startswith("[") and value.endswith("]"):
        return f"[{','.join(_value(part.strip(), 'path') for part in _split(value[1:-1]))}]"
    return quoted(value)


def _split(text: str) -> Iterator[str]:
    """The parts between commas that stand neither in brackets nor in a quoted part."""
    part, depth, rest = "", 0, text
    while rest:
        in_quotes = None if part.strip() else QUOTED.match(rest)
        if in_quotes:
            part, rest = part + in_quotes.group(), rest[in_quotes.end() :]
            continue
        sign, rest = rest[0], rest[1:]
        depth += (sign in "[{(") - (sign in ")}]")
        if sign == "," and depth <= 0:
            yield part
            part = ""
        else:
            part += sign
    yield part


def paths_of(value: str | None) -> list[str]:
    """The paths of a key that takes one or several, as in ``[a,b]``; none of null."""
    if value is None or not (value.startswith("[") and value.endswith("]")):
        return [] if value is None else [value]
    parts = [part.strip() for part in _split(value[1:-1])]
    return [_without_quotes(f"x={part}").removeprefix("x=") for part in parts if part]


def quoted(value: str) -> str:
    """The value in Hydra's quotes."""
    return QuotedString(value, Quote.single).with_quotes()


def literal(value: str) -> str:
    """The value in Hydra's quotes, each ``${`` escaped: it is what was typed, and no interpolation."""
    return quoted(re.sub(r"(\\*)\$\{", lambda match: f"{2 * match[1]}\\${{", value))


def command_line(script: str, *words: str, **values: Any) -> str:
    """``python scripts/train.py …``, to be pasted into a shell whose current folder is this process's.

    Where the wheel is installed it is ``convolutions train …``.

    Args:
        script: Name of the command.
        words: Flags and overrides, as Hydra reads them.
        values: Keys with their values as they are meant, such as the folder of ``resume``.
    """
    path = PROJECT / "scripts" / f"{script}.py"
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    pairs = [(_without_quotes(word), word) for word in words]
    pairs += [(f"{key}={value}", f"{key}={literal(str(value))}") for key, value in values.items()]
    shortest = [typed if as_typed([typed]) == [read] else read for typed, read in pairs]
    program = ["convolutions", script] if INSTALLED else ["python", str(shown)]
    return shlex.join([*program, *shortest])


def _without_quotes(word: str) -> str:
    match = WORD.fullmatch(word)
    if match is None or not QUOTED.fullmatch(match["value"]):
        return word
    return f"{match['key']}={OverridesParser.create().parse_override(word).value()}"
