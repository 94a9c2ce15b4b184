"""Praat's TextGrid as text, in its long and its short form: tiers of labelled intervals.

Praat's manual ("TextGrid file formats") defines both forms by one rule, which is followed here: free numbers
and texts in quotes count, and all else, such as ``xmin =``, is a comment. Of the libraries for it, tgt,
praat-textgrids and mytextgrid have a licence that ours cannot take in; praatio 6.2 takes many a truncated
file for a whole one and -1 for 1, and refuses 5e-05; textgrid 1.6 drops intervals that run backwards. Tests
compare this reader with praatio.
"""

import math
import re
from typing import NamedTuple

from domains.speech.reading.decode import UnusableError

BROKEN = "broken labels"
INTERVALS, POINTS = "IntervalTier", "TextTier"
# A comment to the line's end; a text in quotes, which are doubled inside it; what stands between spaces.
_TOKEN = re.compile(r'!.*|"(?P<text>[^"]*+(?:""[^"]*+)*+)"(?!\S)|\S+')
_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)


class Segment(NamedTuple):
    """A label from start to end in seconds (NaN: without times), and the line of its file."""

    start: float
    end: float
    label: str
    line: int


def read_textgrid(text: str) -> dict[str, list[Segment] | None]:
    """The intervals of each tier, by its name; None for a tier of points.

    Raises:
        UnusableError: not a TextGrid, or a truncated or broken one; the detail names the line.
    """
    tokens = _Tokens(text)
    if not tokens.text("Praat's file type").startswith("ooTextFile") or tokens.text("a class") != "TextGrid":
        raise tokens.broken("must be a TextGrid that Praat saved as text")
    tokens.number("the start"), tokens.number("the end")
    tiers: dict[str, list[Segment] | None] = {}
    for _ in range(tokens.count("the number of tiers")):
        kind, name = tokens.text("the kind of a tier"), tokens.text("the name of a tier")
        if kind not in (INTERVALS, POINTS):
            raise tokens.broken(f"must be {INTERVALS} or {POINTS}, got {kind[:40]!r}")
        if name in tiers:
            raise tokens.broken(f"must have one tier of a name, got {name[:40]!r} again")
        tokens.number("the start of a tier"), tokens.number("the end of a tier")
        size = range(tokens.count("the number of intervals"))
        if kind == INTERVALS:
            tiers[name] = [tokens.segment() for _ in size]
            continue
        tiers[name] = None
        for _ in size:
            tokens.number("the time of a point"), tokens.text("its text")
    tokens.finish()
    return tiers


class _Tokens:
    """The numbers and texts of a file, in order."""

    def __init__(self, text: str):
        self.source, self.matches = text, _TOKEN.finditer(text)
        self.line, self.place = 1, 0

    def broken(self, problem: str) -> UnusableError:
        return UnusableError(BROKEN, f"line {self.line}: {problem}")

    def number(self, what: str) -> float:
        value = self._take(what)
        if not isinstance(value, float) or not math.isfinite(value):
            raise self.broken(f"must have {what} here, a number, got {str(value)[:40]!r}")
        return value

    def text(self, what: str) -> str:
        value = self._take(what)
        if not isinstance(value, str):
            raise self.broken(f"must have {what} here, a text in quotes, got {value:g}")
        return value

    def count(self, what: str) -> int:
        value = self.number(what)
        if not 0 <= value < 2**31 or value % 1:
            raise self.broken(f"must have {what} here, got {value:g}")
        return int(value)

    def segment(self) -> Segment:
        start, line = self.number("the start of an interval"), self.line
        return Segment(start, self.number("the end of an interval"), self.text("its text"), line)

    def finish(self) -> None:
        if (value := self._next()) is not None:
            raise self.broken(f"must end here, as its numbers of tiers and intervals say, got {value!r:.40}")

    def _take(self, what: str) -> float | str:
        if (value := self._next()) is None:
            self.line = 1 + self.source.count("\n")
            raise self.broken(f"must have {what} here, got the end of the file")
        return value

    def _next(self) -> float | str | None:
        for match in self.matches:
            word, text = match[0], match["text"]
            number = _NUMBER.fullmatch(word)
            if text is None and not number and not word.startswith('"'):
                continue
            self.line += self.source.count("\n", self.place, match.start())
            self.place = match.start()
            if text is not None:
                return text.replace('""', '"')
            if number:
                return float(word)
            raise self.broken(f"must close each text by a quote before a space, got {word[:40]}")
        return None
