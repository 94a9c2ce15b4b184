"""The one kind of error that a user can mend."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Bad input or configuration: the message names the place, the value and the remedy.

    Commands print it without a traceback and exit with 1; every other exception is a defect of ours. What
    follows from it may be a second argument, which the message ends with.
    """

    def __str__(self) -> str:
        return without_passwords("; ".join(map(str, self.args)))


@contextmanager
def named(place: object) -> Iterator[None]:
    """Put the place, such as a file, in front of the message of a ``UserError`` raised inside."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def without_passwords(text: str) -> str:
    """A text with ``***`` for the passwords of URLs such as ``postgresql://name:password@host/database``."""
    text = re.sub(r"(\w://[^\s:/@]*):\S*@", r"\1:***@", text)
    return re.sub(r"([?&]password=)[^&\s'\"]*", r"\1***", text)


class PlaceError(UserError):
    """A disk or folder that can be used no longer, whatever else is set: full, moved, removed, read-only."""


def require_number(key: str, value: object, low: int | float, high: int | float) -> None:
    """Refuse all but numbers from ``low`` to ``high``.

    Raises:
        UserError: naming the key.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UserError(f"{key}: must be a number from {low:g} to {high:g}, got {value}")


def require_int(key: str, value: object, low: int, high: int | None = None) -> None:
    """Refuse all but whole numbers from ``low``, to ``high`` if that is given.

    Raises:
        UserError: naming the key.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):  # type: ignore[operator]
        to = "" if high is None else f" to {high:,}"
        raise UserError(f"{key}: must be a whole number from {low:,}{to}, got {value}")


def require_choice(key: str, value: object, legal: Iterable[object]) -> None:
    """Refuse all but some values.

    Raises:
        UserError: naming the key, and the nearest value.
    """
    legal = list(legal)
    if value not in legal:
        names = ", ".join(map(str, legal))
        close = nearest(str(value), list(map(str, legal)))
        hint = f"; {close}" if close.startswith("did you mean") else ""
        raise UserError(f"{key}: must be one of {names}, got {value}{hint}")


def nearest(name: str, legal: list[str]) -> str:
    """``did you mean 'x'?`` for a misspelt name, else the list of the legal ones."""
    import difflib

    close = difflib.get_close_matches(name, legal, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(map(str, legal))}"
