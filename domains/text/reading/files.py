"""Sentences with labels from a file, a folder, an archive, or one file per class."""

import re
import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from domains.text.reading.encoding import NotTextError, decode, replace_surrogates
from domains.text.reading.lines import (
    SEPARATORS,
    BadLine,
    Form,
    Line,
    check_line,
    guess_separator,
    label_name,
    labelled_lines,
    plain_lines,
)
from domains.text.reading.places import Place, places_of, reason_not_data
from domains.text.reading.sentences import Sentences
from domains.text.reading.tables import TABLES, table_rows
from shared.errors import UserError
from shared.files import check_folders, is_archive, members, printable, where

RATIO = 4  # an archive may unpack to RATIO times its size, or to SPARE bytes if that is more
SPARE = 64 * 2**20
MAX_SHORT, SHORT = 1_000_000, 32  # above MAX_SHORT lines, an average below SHORT characters is refused
REMEDY = (
    "correct them, or set data.columns, data.separator and data.encoding; readable are `LABEL text` lines, "
    "tables that name their columns, and a file or folder per class"
)


def read_sentences(path: str | Path, form: Form) -> Sentences:
    r"""Read sentences; lines end at ``\n``, and at ``\r`` in a file without ``\n``.

    - a table (.csv, .tsv, .jsonl): one sentence per row, in named columns;
    - any other file: ``LABEL text`` lines, separated by a space, tab, bar, semicolon or comma;
    - a pattern with one ``*``, such as ``rt-polarity.*``: one file per class, whose name stands at ``*``;
    - a folder or archive: see ``places_of``.

    In a class's own file, and without labels, each line is a sentence. Unusable lines and, in a folder or
    archive, unusable files are skipped and noted.

    Raises:
        UserError: no such file, no sentence, more than half of the lines or files unusable, or a size that
            text does not have.
    """
    path = Path(path)
    limit, several = SPARE, False
    try:
        limit = max(limit, RATIO * path.stat().st_size)
        several = path.is_dir() or is_archive(path)
    except (OSError, ValueError):  # which members reports
        if "*" in path.name:
            return _read_pattern(path, form)
    reader = _Reader(path, form, several)
    for member in members(path, seen=reader.result.seen_files, total_limit=limit):
        reader.read(_File(member.name, where(path, member.name)), member.data)
    return reader.sentences()


def _read_pattern(path: Path, form: Form) -> Sentences:
    name = printable(str(path))
    before, after = path.name.split("*", 1)
    if "*" in after:
        raise UserError(f"{name}: must have one *, in place of the class in the file's name")
    pattern = re.compile(re.escape(before) + "(.+)" + re.escape(after), re.DOTALL)
    files = sorted(file for file in path.parent.glob("*") if file.is_file())
    labels = {file: match[1] for file in files if (match := pattern.fullmatch(file.name))}
    if not labels:
        raise UserError(f"{name}: no such file: nothing in {printable(str(path.parent))} fits the pattern")
    reader = _Reader(path, form, several=True)
    for file, label in labels.items():
        for member in members(file):
            reader.read(_File(member.name, where(file, member.name), label_name(label)), member.data)
    return reader.sentences()


def sentences_of_bytes(data: bytes, name: str, form: Form) -> Sentences:
    """The sentences in the bytes of one file, called ``name`` in errors; raises as ``read_sentences``."""
    reader = _Reader(Path(name), form, several=False)
    reader.read(_File(name, name), data)
    return reader.sentences()


def read_text(text: str) -> Sentences:
    """A text as one sentence.

    Raises:
        UserError: the text is empty, too long, or has NUL characters.
    """
    line = check_line(1, replace_surrogates(text))
    if isinstance(line, BadLine):
        raise UserError(f"text: must be a sentence, got a line {line.reason}")
    return Sentences([line.text], [""], ["text"], [""], array("l", [0]), array("l", [1]))


@dataclass
class _File:
    """A file and its usable lines; their labels are "" unless it is a table."""

    name: str  # inside the folder or archive
    place: str  # for errors
    label: str = ""  # of all lines, from a pattern
    is_table: bool = False
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    numbers: "array[int]" = field(default_factory=lambda: array("l"))


class _Reader:
    """Reads files one by one; their names decide on splits and classes once all are read.

    Args:
        path: the files, for errors.
        form: their format.
        several: unusable files are skipped and noted, and folders may be splits and classes.
    """

    def __init__(self, path: Path, form: Form, several: bool):
        self.path, self.form, self.several = path, form, several
        self.result = Sentences()
        self.files: list[_File] = []
        self.guesses: dict[str, list[str]] = {}  # notes on guesses, and on each the messages of its files
        self.lines = self.characters = 0

    def read(self, file: _File, data: bytes) -> None:
        """Read a file."""
        by_place = self.several and self.form.label is not None and not file.label
        suffix = PurePosixPath(file.name).suffix.lower()
        reason, detail = reason_not_data(file.name) if by_place else "", ""
        try:
            if not reason:
                self._read(file, data, suffix)
        except _TooManyLinesError:
            raise
        except UserError as error:
            if not self.several:
                raise
            if isinstance(error, NotTextError):
                reason = f"not text, of kind {suffix or '(no suffix)'}"
            else:
                reason, detail = "unreadable", str(error).removeprefix(f"{file.place}: ")
        if reason:
            self.result.seen_files.skip(file.name, reason, detail)

    def _read(self, file: _File, data: bytes, suffix: str) -> None:
        text, note, excerpt = decode(data, file.place, self.form.encoding)
        self._note_guess(file, note, excerpt)
        self.lines, self.characters = self.lines + text.count("\n"), self.characters + len(text)
        if self.lines >= MAX_SHORT and self.characters < SHORT * self.lines:
            raise _TooManyLinesError(
                f"{printable(str(self.path))}: must hold sentences, got over {MAX_SHORT:,} lines of "
                f"{self.characters / self.lines:.0f} characters on average; give another file, or a part"
            )
        file.is_table = suffix in TABLES
        if file.is_table:
            lines, note = table_rows(text, file.place, suffix, self.form)
            self._note_guess(file, note)
        else:
            lines = plain_lines(text)
        self._keep_usable(file, lines)
        self.files.append(file)

    def _note_guess(self, file: _File, note: str, *excerpt: str) -> None:
        if note:
            message = ", ".join(filter(None, (note, *excerpt)))
            self.guesses.setdefault(note, []).append(f"{file.place}: {message}")

    def _keep_usable(self, file: _File, lines: Iterable[Line | BadLine]) -> None:
        """Keep the usable lines in the file; the others are noted."""
        texts, labels, numbers = [], [], array("l")
        for line in lines:
            if isinstance(line, BadLine):
                self.result.seen_lines.skip(f"{file.place}, line {line.number}", line.reason, line.detail)
            elif not line.text:
                self.result.blank += 1
            else:
                texts.append(line.text)
                labels.append(sys.intern(line.label))  # one object per label saves memory
                numbers.append(line.number)
        file.texts, file.labels, file.numbers = texts, labels, numbers

    def sentences(self) -> Sentences:
        """All sentences; raises as ``read_sentences``."""
        result = self.result
        for file, place in zip(self.files, self._places(), strict=True):
            if place.skipped:
                result.seen_files.skip(file.name, place.skipped)
            else:
                self._add(file, place)
        for first, *others in self.guesses.values():
            result.notes.append(first + f" (and {len(others):,} more)" * bool(others))
        result.notes += check_folders(result.seen_files, self.path)
        for reason in result.seen_lines.skipped:
            result.seen_lines.check_share(reason, REMEDY)
        result.seen_files.check_share("unreadable", REMEDY)
        if not result.texts:
            summary = "; ".join(result.summary()) or "empty"
            raise UserError(f"{printable(str(self.path))}: must hold sentences, got none; {summary}")
        return result

    def _places(self) -> list[Place]:
        """The split and class of each file."""
        if self.form.label is None or not self.several or any(file.label for file in self.files):
            return [Place(label=file.label) for file in self.files]
        names, is_table = [file.name for file in self.files], [file.is_table for file in self.files]
        places, notes = places_of(names, is_table)
        self.result.notes += notes
        return places

    def _add(self, file: _File, place: Place) -> None:
        """Add the lines of a file with the class of the file, else with the labels in the lines."""
        result = self.result
        if not file.is_table and self.form.label is not None:
            if place.label:
                file.labels = [label_name(place.label)] * len(file.texts)
            else:
                self._read_labels(file)
        if not file.texts:
            if self.several:
                result.seen_files.skip(file.name, "no sentence in it")
            return
        result.file.extend([len(result.files)] * len(file.texts))
        result.files.append(file.place)
        result.splits.append(place.split)
        result.texts += file.texts
        result.labels += file.labels
        result.line.extend(file.numbers)
        result.seen_lines.use(file.name, len(file.texts))
        result.seen_files.use(file.name)

    def _read_labels(self, file: _File) -> None:
        mark = self.form.separator or guess_separator(file.texts)
        if mark not in (" ", self.form.separator):
            self._note_guess(file, f"labels and sentences separated by {SEPARATORS[mark]}, guessed")
        self._keep_usable(file, labelled_lines(file.numbers, file.texts, mark, self.form.fine))


class _TooManyLinesError(UserError):
    """Refuses the whole input, not one file of it."""
