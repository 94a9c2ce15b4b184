"""Parses arguments of GTP commands; all functions raise ``FailureError``."""

import math
from pathlib import Path

from domains.go.engine.gtp import FailureError
from domains.go.records import FILE_LIMIT, Record, UnusableError, read_sgf
from shared.errors import UserError
from shared.files import members

COLOURS = {"b": 0, "black": 0, "w": 1, "white": 1}


def first_word(words: list[str]) -> str:
    """The first argument."""
    if not words:
        raise FailureError("syntax error")
    return words[0]


def colour_of(words: list[str]) -> int:
    """The first argument as a colour: 0 black, 1 white."""
    colour = COLOURS.get(first_word(words).lower())
    if colour is None:
        raise FailureError("syntax error: not a colour")
    return colour


def integer(words: list[str]) -> int:
    """The first argument as a whole number from 0."""
    text = first_word(words)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FailureError("syntax error: not a whole number")
    return int(text)


def number(words: list[str]) -> float:
    """The first argument as a finite number."""
    try:
        value = float(first_word(words))
    except ValueError as error:
        raise FailureError("syntax error: not a number") from error
    if not math.isfinite(value):
        raise FailureError("syntax error: not a number")
    return value


def first_record(file: str) -> Record:
    """The first game of a file."""
    try:
        [member] = members(Path(file), member_limit=FILE_LIMIT)
        record = next(read_sgf(member.data))
    except (UserError, ValueError, OSError) as error:
        raise FailureError("cannot load file") from error
    if isinstance(record, UnusableError):
        raise FailureError("cannot load file") from record
    return record
