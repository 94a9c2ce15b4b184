"""Finds numbers that were typed into the documents although they look measured: no record has them.

python -m tests.documents.typed              each such number of all pages, with its line

Looked at is what a reader reads outside of code, of links and of what `make results` writes: decimal numbers,
thousands, numbers with a unit or beside … or "of", and cells of tables that are numbers. `typed.yaml` lists
what may be typed: names, settings, levels, data of others.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.documents.results import PAGES, PROJECT, REGION

ALLOWED = Path(__file__).with_name("typed.yaml")
CODE = re.compile(
    r"^( *)(```|~~~).*?^\1\2|``.*?``|`[^`\n]*(?:\n[^`\n]+)?`|\]\([^)\s]*\)|<[^>\n]*>|^    .*?$",
    re.DOTALL | re.MULTILINE,
)
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.,×^-])[-−+±]?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+|·10\S+)?(?![\w×^]|[.,]\d)")
BEFORE = re.compile(r"(\bn = |… |\d of )$")
AFTER = re.compile(
    r" (…|of \d)| ?(%|(points?|seconds?|s|ms|minutes?|hours?|[kMG]i?B|times|dB|mel|CPU|GPU|positions?/s)\b)"
)


class Typed(NamedTuple):
    """A number that stands in a page and in no record."""

    line: int
    number: str
    context: str


def typed(page: str, patterns: list[re.Pattern[str]]) -> Iterator[Typed]:
    """The numbers of a page that look measured, outside of ``patterns``."""
    page = REGION.sub(
        lambda region: EXPRESSION.sub(_blank, region["template"]) + _blank(region["text"]), page
    )
    page = CODE.sub(lambda code: _blank(code[0]), page)
    for pattern in patterns:
        page = pattern.sub(lambda match: _blank(match[0]), page)
    for number, line in enumerate(page.splitlines(), start=1):
        for cell in line.split("|"):
            in_table = line.startswith("|") and not re.search(r"[a-z]{3}", cell, re.IGNORECASE)
            for match in NUMBER.finditer(cell):
                unit = BEFORE.search(cell[: match.start()]) or AFTER.match(cell[match.end() :])
                if in_table or unit or re.search(r"[.,e·]", match[0]):
                    yield Typed(number, match[0], line.strip())


def _blank(text: re.Match[str] | str) -> str:
    """As many lines, with nothing on them."""
    return re.sub(r"[^\n]", " ", text if isinstance(text, str) else text[0])


def found_in(pages: list[Path]) -> list[str]:
    """``FILE:LINE: NUMBER: …`` for each number of these pages that was typed and is not allowed."""
    allowed, lines = yaml.safe_load(ALLOWED.read_text()), []
    for path in pages:
        name = path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else path.name
        results = path.name == "results.md" or path.parent.parent.name == "weights"
        patterns = allowed["everywhere"] | ({} if results else allowed["manuals"])
        compiled = [re.compile(pattern, re.MULTILINE) for pattern in patterns]
        for number in () if name in allowed["pages"] else typed(path.read_text(), compiled):
            lines.append(f"{name}:{number.line}: {number.number}: has no record, in {number.context[:150]!r}")
    return lines


def main() -> int:
    """Print the report; 1 if there is such a number."""
    lines = found_in(PAGES)
    hint = "numbers: write them from records (results.py), or allow them (typed.yaml)"
    print("\n".join([*lines, hint]) if lines else "numbers: all are from records")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
