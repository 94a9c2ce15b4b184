"""Markdown from numbers and from untrusted text."""

import re
from collections.abc import Sequence

from shared.compare.statistics import Estimate
from shared.files import printable


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown themselves."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(points: Sequence[str]) -> str:
    """A list."""
    return "\n".join(f"- {point}" for point in points)


def text(words: str) -> str:
    """Untrusted text on one line, escaped so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~!&])", r"\\\1", printable(" ".join(words.split())))


def code(words: str) -> str:
    """Untrusted text as code."""
    return f"`{printable(' '.join(words.split())).replace('`', chr(39)).replace('|', '¦')}`"


def points(mean: Estimate) -> str:
    """A difference of accuracies with its interval, in points."""
    return f"{100 * mean.value:+.2f} ({100 * mean.low:+.2f} … {100 * mean.high:+.2f})"


def percent(mean: Estimate) -> str:
    """An accuracy with its interval, in per cent."""
    low, high = max(mean.low, 0.0), min(mean.high, 1.0)
    return f"**{100 * mean.value:.2f}** ({100 * low:.2f} … {100 * high:.2f})"
