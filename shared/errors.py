"""The one kind of error that a user can mend, and the checks of single values that raise it."""

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class UserError(Exception):
    """Bad input or configuration: the message names the place, the value and the remedy.

    Commands print it without a traceback and exit with 1; every other exception is a defect of ours. What
    follows from it may be a second argument, which the message ends with. A function that *refuses*
    something raises it: ``KEY: must be WHAT, got VALUE; HINT``.
    """

    def __str__(self) -> str:
        return without_passwords("; ".join(map(str, self.args)))


class PlaceError(UserError):
    """A disk or folder that can be used no longer, whatever else is set: full, moved, removed, read-only."""


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


class Limit(NamedTuple):
    """The range of a number.

    Attributes:
        low, high: the bounds, themselves allowed unless named in ``without``.
        without: ``low``, ``high`` or both.
        whole: whole numbers only.
    """

    low: float = -math.inf
    high: float = math.inf
    without: str = ""
    whole: bool = False

    @property
    def words(self) -> str:
        """What a value must be."""
        kind = "a whole number" if self.whole else "a number"
        if self.high == math.inf:
            return f"{kind} {'above' if 'low' in self.without else 'from'} {self.low:,}"
        if not self.without:
            return f"{kind} from {self.low:,} to {self.high:,}"
        left, right = "(" if "low" in self.without else "[", ")" if "high" in self.without else "]"
        return f"{kind} in {left}{self.low:,}, {self.high:,}{right}"

    def check(self, key: str, value: Any) -> None:
        """Refuse all but numbers in the range: ``KEY: must be WHAT, got VALUE``."""
        number = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        within = number and abs(value) < math.inf and self.low <= value <= self.high
        if not within or value in [getattr(self, bound) for bound in self.without.split()]:
            raise UserError(f"{key}: must be {self.words}, got {shown(value)}")


def require_number(key: str, value: object, low: int | float, high: int | float) -> None:
    """Refuse all but numbers from ``low`` to ``high``, as ``Limit.check``."""
    Limit(low, high).check(key, value)


def require_int(key: str, value: object, low: int, high: int | float = math.inf) -> None:
    """Refuse all but whole numbers from ``low`` to ``high``, as ``Limit.check``."""
    Limit(low, high, whole=True).check(key, value)


def require_choice(key: str, value: object, legal: Iterable[object]) -> None:
    """Refuse all but some values: ``KEY: must be one of …, got VALUE; did you mean …?``."""
    legal = list(legal)
    if value not in legal:
        names = list(map(str, legal))
        close = nearest(str(value), names)
        hint = f"; {close}" if close.startswith("did you mean") else ""
        raise UserError(f"{key}: must be one of {', '.join(names)}, got {value}{hint}")


def nearest(name: str, legal: list[str]) -> str:
    """``did you mean 'x'?`` for a misspelt name, else the list of the legal ones."""
    close = difflib.get_close_matches(name, legal, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(map(str, legal))}"


def shown(value: Any) -> str:
    """A value as it stands in a configuration, cut after 80 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    plain = isinstance(value, str | int | float | list | tuple | dict)
    text = " ".join(repr(value).split()) if plain else type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}…"
