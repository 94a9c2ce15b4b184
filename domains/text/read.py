"""A user's files as sentences with their labels."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from domains.text.encoding import decode
from domains.text.tables import TABLES, Line, rows
from shared.archive import is_archive, members, where
from shared.errors import UserError


@dataclass(frozen=True)
class Form:
    """How files are to be understood.

    Attributes:
        text: a table's column that holds the sentence.
        label: a table's column that holds the label; None: no labels are asked for.
        encoding: of all files; None: each file's is found.
        fine: of a label ``COARSE:fine`` before a sentence, the whole counts, not its coarse part.
    """

    text: str = "text"
    label: str | None = "label"
    encoding: str | None = None
    fine: bool = False


@dataclass
class Sentences:
    """What was read.

    Attributes:
        texts, labels, places: of each sentence; a place is a file and a line. Labels are "" if not asked for.
        notes: the encoding of each file that is not plain UTF-8.
        left_out: how many lines, by reason.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def told(self) -> list[str]:
        """What was left out, and encodings, as lines to show."""
        reasons = [f"{reason}: {count:,}" for reason, count in self.left_out.items() if count]
        return [*([f"left out: {', '.join(reasons)}"] if reasons else []), *self.notes]

    def only(self, chosen: np.ndarray) -> "Sentences":
        """Those of the sentences that a mask (N,) chooses."""
        rows = np.flatnonzero(chosen)
        return Sentences(
            [self.texts[row] for row in rows],
            [self.labels[row] for row in rows],
            [self.places[row] for row in rows],
            self.notes,
            self.left_out,
        )

    def and_then(self, more: "Sentences") -> "Sentences":
        """These and others."""
        return Sentences(
            self.texts + more.texts,
            self.labels + more.labels,
            self.places + more.places,
            self.notes + more.notes,
            self.left_out + more.left_out,
        )

    def add(self, name: str, data: bytes, kind: str | None, form: Form) -> None:
        """Read one more file.

        Args:
            name: what errors call it.
            data: its bytes.
            kind: the class of all its sentences; None: the file says it.
            form: how to understand it.

        Raises:
            UserError: as ``read_sentences``.
        """
        text, told = decode(data, name, form.encoding)
        if told:
            self.notes.append(f"{name}: {told}")
        for line in _lines(text, name, kind, form):
            if line.text.strip():
                self.texts.append(line.text.strip())
                self.labels.append(line.label)
                self.places.append((name, line.number))
            else:
                self.left_out["empty"] += 1


def read_sentences(path: str | Path, form: Form) -> Sentences:
    r"""Read sentences in any of these ways; lines end at ``\n`` and nowhere else.

    - a table by its suffix, .csv, .tsv (no quoting) or .jsonl: a sentence a row, in named columns;
    - any other file: ``LABEL text`` lines;
    - a pattern with one ``*``, such as ``rt-polarity.*``: a file a class, which what ``*`` stands for names;
    - a folder or archive: its subfolders are the classes, or its files if it has none.

    In a class's own file, and where no labels are asked for, a line is a sentence.

    Raises:
        UserError: no such file, a byte that does not fit, a column or label missing, no sentence at all.
    """
    found = Sentences()
    for file, name, data, kind in _files(Path(path)):
        found.add(file, data, kind if PurePosixPath(name).suffix.lower() not in TABLES else None, form)
    if not found.texts:
        raise UserError(f"{path}: no sentence in it: {found.left_out['empty']} lines, all of them empty")
    return found


class _File(NamedTuple):
    place: str  # as errors call it
    name: str
    data: bytes
    kind: str | None  # the class that its place names


def _files(path: Path) -> Iterator[_File]:
    if "*" in path.name and not path.exists():
        yield from _matching(path)
        return
    many = path.is_dir() or is_archive(path)
    for member in members(path):
        parts = PurePosixPath(member.name).parts
        kind = None
        if many:
            kind = parts[-2] if len(parts) > 1 else PurePosixPath(member.name).stem
        yield _File(where(path, member.name), member.name, member.data, kind)


def _matching(path: Path) -> Iterator[_File]:
    before, after = path.name.split("*", 1)
    if "*" in after:
        raise UserError(f"{path}: more than one *: write one, where the class stands in the file's name")
    pattern = re.compile(re.escape(before) + "(.*)" + re.escape(after), re.DOTALL)
    found = sorted(file for file in path.parent.glob("*") if file.is_file())
    named = [(file, match[1]) for file in found if (match := pattern.fullmatch(file.name))]
    if not named:
        raise UserError(f"{path}: no such file: nothing in {path.parent} fits the pattern")
    for file, kind in named:
        for member in members(file):
            yield _File(str(file), member.name, member.data, kind)


def _lines(text: str, name: str, kind: str | None, form: Form) -> Iterator[Line]:
    suffix = PurePosixPath(name).suffix.lower()
    if kind is None and suffix in TABLES:
        yield from rows(text, name, suffix, form.text, form.label)
        return
    lines = text.removesuffix("\n").split("\n") if text else []
    for number, line in enumerate(lines, start=1):
        if kind is not None or form.label is None or not line.strip():
            yield Line(number, line, kind or "")
            continue
        label, _, sentence = line.strip().partition(" ")
        if not sentence.strip():
            raise UserError(
                f"{name}, line {number}: {label[:40]!r} is all: give `LABEL text`, or a table (.csv)"
            )
        yield Line(number, sentence, label if form.fine else label.partition(":")[0])
