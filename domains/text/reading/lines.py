"""Lines of text files: sentences, some with a label in front, and lines that are skipped."""

import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domains.text.reading.encoding import BAD
from shared.errors import UserError
from shared.files import class_name

MAX_CHARACTERS = 2**20  # of a line or a field
SEPARATORS = {"\t": "a tab", ";": "a semicolon", "|": "a bar", ",": "a comma", " ": "a space"}
SHOWN = 40  # characters of an unusable line
GUESS_LINES = 1000  # from which the separator is guessed
GUESS_SHARE = 0.9  # of these lines must have it
# A missing value as pandas, R and spreadsheets write it; in other spellings, such as none, it may be a class.
MISSING = {"", "nan", "NaN", "-nan", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT", "None", "null", "NULL"}
MAX_LABEL = 200  # characters; Unicode composition takes quadratic time
WHOLE_NUMBER = re.compile(r"([+-]?\d{1,15})\.0+")


@dataclass(frozen=True)
class Form:
    """The format of text files; a ``UserError`` names a column or separator that is none."""

    text: str = "text"  # a table's column with the sentence
    label: str | None = "label"  # a table's column with the label; None: without labels
    encoding: str | None = None  # of all files; None: guessed for each file
    fine: bool = False  # use the whole of a label COARSE:fine before a sentence, not only its coarse part
    separator: str | None = None  # of a table's fields, and of label and sentence; None: guessed
    strict: bool = False  # refuse skipped lines and files

    def __post_init__(self) -> None:
        for key, name in (("text", self.text), ("label", self.label)):
            if not isinstance(name, str) and not (key == "label" and name is None):
                raise UserError(f"data.columns.{key}: must be the name of a column, got {name!r}")
        mark = "\t" if self.separator == "\\t" else self.separator
        if mark is not None and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n' + BAD):
            raise UserError(f"data.separator: must be one character, \\t or null to guess, got {mark!r}")
        object.__setattr__(self, "separator", mark)


class Line(NamedTuple):
    """A sentence, the number of its line, and its label, or "" without one."""

    number: int
    text: str
    label: str = ""


class BadLine(NamedTuple):
    """An unusable line: its number, a short reason, and a detail."""

    number: int
    reason: str
    detail: str = ""


def label_name(text: str) -> str:
    """The name of a label's class: composed (NFC), ``1`` for ``1.0`` and ``true`` for ``TRUE``.

    Tools write integers as 1.0 if their column has missing values, and ``true`` in three ways.
    """
    name = class_name(text)
    if number := WHOLE_NUMBER.fullmatch(name):
        return number[1]
    return name.lower() if name.lower() in ("true", "false") else name


def lines_of(content: str) -> io.StringIO:
    r"""The lines of a text with their ``\n``, at which alone they end."""
    return io.StringIO(content, newline="\n")


def plain_lines(content: str) -> Iterator[Line | BadLine]:
    """One sentence per line; empty lines have an empty text."""
    for number, line in enumerate(lines_of(content), start=1):
        yield Line(number, "") if line.isspace() else check_line(number, line)


def check_line(number: int, text: str, label: str | None = None) -> Line | BadLine:
    """A line, if it has a sentence and, unless ``label`` is None, a label."""
    if BAD in text or (label and BAD in label):
        return BadLine(number, "with bytes that are not text")
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        return BadLine(number, f"longer than {MAX_CHARACTERS:,} characters")
    if not text:
        return BadLine(number, "without a sentence")
    if label is None:
        return Line(number, text)
    if len(label) > MAX_LABEL:
        return BadLine(number, f"with a label longer than {MAX_LABEL} characters", repr(label[:SHOWN]))
    name = sys.intern(label_name(label))  # one object per label saves memory
    return BadLine(number, "without a label", repr(label)) if name in MISSING else Line(number, text, name)


def guess_separator(lines: Sequence[Line]) -> str:
    """The separator of label and sentence: a tab or, before the first space, a mark; else a space."""
    first = [line.text for line in lines[:GUESS_LINES]]
    for mark in "\t|;,":
        heads = first if mark == "\t" else [text.partition(" ")[0] for text in first]
        if first and sum(mark in head for head in heads) >= GUESS_SHARE * len(first):
            return mark
    return " "


def labelled_lines(lines: Iterable[Line], separator: str, fine: bool) -> Iterator[Line | BadLine]:
    """Lines of ``LABEL text``; ``fine``: see ``Form``."""
    for number, line, _ in lines:
        label, _, sentence = line.partition(separator)
        if not sentence.strip():
            yield BadLine(number, "with one word, not `LABEL text`", repr(line[:SHOWN]))
        else:
            yield check_line(number, sentence, label if fine else label.partition(":")[0])
