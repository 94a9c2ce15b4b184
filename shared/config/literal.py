"""Free text and paths of the command line, which Hydra's grammar must not take apart."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from hydra.core.override_parser.types import Quote, QuotedString

from shared.config.project import plain_file

WORD = re.compile(r"(?P<key>\+{0,2}(?P<name>[\w.$/@:-]+))=(?P<value>.*)", re.DOTALL)
# One quoted value from end to end: a quote inside has a backslash before it.
QUOTED = re.compile(r"\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*", re.DOTALL)
LISTS = ("data",)  # kinds of which several values may stand in brackets
SWEEP = re.compile(r"(choice|range|glob|shuffle|sort|tag|interval)\(.*\)", re.DOTALL)


def as_typed(words: Sequence[str], multirun: bool = False) -> list[str]:
    """The overrides with free text and paths in Hydra's quotes; other words as they are.

    ``conf/free_text.yaml`` lists the keys. Doing it twice changes nothing.

    Args:
        words: Of the command line.
        multirun: With ``-m`` an unquoted comma in a path separates the values of a grid.
    """
    return [_as_typed(word, multirun) for word in words]


def kind_of(name: str) -> str | None:
    """``text``, ``path`` or ``data``, if the value of this key is taken as typed."""
    return next((kind for kind, pattern in _listed() if fnmatchcase(name, pattern)), None)


@cache
def _listed() -> list[tuple[str, str]]:
    kinds = plain_file("free_text.yaml")
    return [(kind, pattern) for kind, patterns in kinds.items() for pattern in patterns]


def _as_typed(word: str, multirun: bool) -> str:
    match = WORD.fullmatch(word)
    kind = kind_of(match["name"]) if match else None
    if match is None or kind is None or QUOTED.fullmatch(match["value"]):
        return word
    value = match["value"]
    if kind == "text":
        return f"{match['key']}={quoted(without_interpolation(value))}"
    if multirun and SWEEP.fullmatch(value):
        return word
    values = list(_split(value)) if multirun else [value]
    return f"{match['key']}={','.join(_value(part, kind) for part in values)}"


def _value(value: str, kind: str) -> str:
    """One value of a path: none, a list, or the path as it stands."""
    if is_null(value) or QUOTED.fullmatch(value):
        return value
    if kind in LISTS and value.startswith("[") and value.endswith("]"):
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


def is_null(value: str) -> bool:
    """Whether Hydra reads this as no value."""
    return value.strip().lower() == "null"


def quoted(value: str) -> str:
    """The value in Hydra's quotes."""
    return QuotedString(value, Quote.single).with_quotes()


def unquoted(value: str) -> str:
    """What a quoted value holds, by Hydra's rules: backslashes count only before a quote."""
    sign = value[0]
    held = re.sub(rf"(\\*)(\\{sign})", lambda found: "\\" * (len(found[1]) // 2) + sign, value[1:-1])
    return re.sub(r"(\\+)$", lambda found: "\\" * (len(found[1]) // 2), held)


def without_interpolation(value: str) -> str:
    """The text with every ``${`` escaped, so that OmegaConf leaves it as it stands."""
    return re.sub(r"(\\*)\$\{", lambda found: f"{2 * found[1]}\\${{", value)
