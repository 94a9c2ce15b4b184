"""Markdown from numbers and from untrusted text."""

import re
from collections.abc import Iterable, Sequence

from shared.compare.statistics import Estimate
from shared.files import printable

MARKS = {
    "holds": "✓",
    "fails": "✗",
    "equivalent": "=",
    "not shown": "?",
}  # of verdicts, readable without colour


def table(head: str, rows: Iterable[Sequence[object]]) -> str:
    """A table of cells that are Markdown themselves; the titles of its columns are separated by ``|``."""
    titles = head.split("|")
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def text(words: str) -> str:
    """Untrusted text on one line, escaped so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~!&])", r"\\\1", printable(" ".join(words.split())))


def code(words: str) -> str:
    """Untrusted text as code."""
    return f"`{printable(' '.join(words.split())).replace('`', chr(39)).replace('|', '¦')}`"


def marked(verdict: str) -> str:
    """A verdict with its sign, in bold."""
    return f"**{MARKS[verdict]} {verdict}**"


def points(mean: Estimate) -> str:
    """A difference of accuracies with its interval, in points."""
    return f"{100 * mean.value:+.1f} ({interval(mean, '+.1f')})".replace("-", "−")


def percent(mean: Estimate) -> str:
    """An accuracy with its interval, in per cent."""
    return f"**{100 * mean.value:.2f}** ({interval(mean, '.2f')})"


def interval(mean: Estimate, form: str) -> str:
    """The 95 % interval, in per cent."""
    return f"{100 * mean.low:{form}}\N{NO-BREAK SPACE}…\N{NO-BREAK SPACE}{100 * mean.high:{form}}"
