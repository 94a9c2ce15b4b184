"""Lines of text files: sentences, some with their label before them, and what is wrong with others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from domains.text.reading.encoding import BAD
from domains.text.reading.labels import LONGEST_LABEL, MISSING, label_name
from shared.errors import UserError

LONGEST = 2**20  # characters of a line or a field: no sentence has so many
SEPARATORS = {"\t": "a tab", ";": "a semicolon", "|": "a bar", ",": "a comma", " ": "a space"}
SHOWN = 40  # characters of what is wrong
GUESSED = 1000  # lines that show what parts a label from its sentence
CLEAR = 0.9  # share of them in which it stands


@dataclass(frozen=True)
class Form:
    """How files are to be understood.

    Attributes:
        text: a table's column that holds the sentence.
        label: a table's column that holds the label; None: no labels are asked for.
        encoding: of all files; None: each file's is found.
        fine: of a label ``COARSE:fine`` before a sentence, the whole counts, not its coarse part.
        separator: between the fields of .csv and .tsv, and between label and sentence; None: found.

    Raises:
        UserError: a column has no name, or the separator is not one character.
    """

    text: str = "text"
    label: str | None = "label"
    encoding: str | None = None
    fine: bool = False
    separator: str | None = None

    def __post_init__(self) -> None:
        for key, name in (("text", self.text), ("label", self.label)):
            if not isinstance(name, str) and not (key == "label" and name is None):
                raise UserError(f"data.columns.{key}: must be the name of a column, got {name!r}")
        mark = "\t" if self.separator == "\\t" else self.separator
        if mark is not None and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n' + BAD):
            raise UserError(f"data.separator: must be one character, \\t or null to find it, got {mark!r}")
        object.__setattr__(self, "separator", mark)


class Line(NamedTuple):
    """A sentence, the number of its line in the file, and its label, "" where the line says none."""

    number: int
    text: str
    label: str


class Bad(NamedTuple):
    """A line that cannot be used: its number, the reason in few words, and what was found."""

    number: int
    reason: str
    detail: str = ""


class Lines:
    r"""The lines of a text with their ``\n``, one after the other; it can go back.

    Attributes:
        place: in the text, where the next line begins.
        number: of the last line, counted from 1.
    """

    def __init__(self, content: str):
        self.content, self.place, self.number = content, 0, 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self.place == len(self.content):
            raise StopIteration
        end = self.content.find("\n", self.place) + 1 or len(self.content)
        line = self.content[self.place : end]
        self.place, self.number = end, self.number + 1
        return line


def plain(content: str) -> Iterator[Line | Bad]:
    """A sentence a line; the text of an empty line is empty."""
    lines = Lines(content)
    for line in lines:
        text = line.strip()
        yield checked(lines.number, text) if text else Line(lines.number, "", "")


def checked(number: int, text: str, label: str | None = None) -> Line | Bad:
    """A line, if it has a sentence and, where one is asked for, a label.

    Args:
        number: of the line.
        text: the sentence as it stands there.
        label: the label as it stands there; None: none is asked for.
    """
    if BAD in text or (label and BAD in label):
        return Bad(number, "with bytes that are no text")
    if len(text) > LONGEST:
        return Bad(number, f"longer than {LONGEST:,} characters")
    text = text.strip()
    if not text:
        return Bad(number, "without a sentence")
    if label is None:
        return Line(number, text, "")
    if len(label) > LONGEST_LABEL:
        return Bad(number, f"with a label longer than {LONGEST_LABEL} characters", repr(label[:SHOWN]))
    name = label_name(label)
    return Bad(number, "without a label", repr(label)) if name in MISSING else Line(number, text, name)


def separator(texts: list[str]) -> str:
    """What parts label and sentence: a tab or, before the first space, a mark in most lines; else a space."""
    some = texts[:GUESSED]
    for mark in "\t|;,":
        heads = some if mark == "\t" else [text.partition(" ")[0] for text in some]
        if some and sum(mark in head for head in heads) >= CLEAR * len(some):
            return mark
    return " "


def labelled(numbers: Iterable[int], texts: Iterable[str], mark: str, fine: bool) -> Iterator[Line | Bad]:
    """Lines of ``LABEL text``.

    Args:
        numbers: of the lines.
        texts: the lines.
        mark: what stands between label and sentence.
        fine: of a label ``COARSE:fine`` the whole counts.
    """
    for number, text in zip(numbers, texts, strict=True):
        label, _, sentence = text.partition(mark)
        if not sentence.strip():
            yield Bad(number, "with one word only, where `LABEL text` is due", repr(text[:SHOWN]))
        else:
            yield checked(number, sentence, label if fine else label.partition(":")[0])
