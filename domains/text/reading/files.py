"""Sentences with labels from a file, a folder, an archive, or one file per class."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from domains.text.reading.encoding import NotTextError, decode, replace_surrogates
from domains.text.reading.labels import label_name
from domains.text.reading.lines import (
    SEPARATORS,
    BadLine,
    Form,
    Line,
    check_line,
    guess_separator,
    labelled_lines,
    plain_lines,
)
from domains.text.reading.places import NOT_DATA, places_of, reason_not_data
from domains.text.reading.sentences import Sentences
from domains.text.reading.tables import TABLES, table_rows
from shared.errors import UserError
from shared.files import EXAMPLES, is_archive, members, printable, where

RATIO = 4  # an archive may unpack to RATIO times its size, or to SPARE bytes if that is more
SPARE = 64 * 2**20
MAX_SHORT, SHORT = 1_000_000, 32  # above MAX_SHORT lines, an average below SHORT characters is refused
MAX_FOLDERS = 5  # in a note
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
    reader = _Reader(printable(str(path)), form)
    for entry in _entries(path, reader):
        reader.read(entry)
    return reader.sentences()


def sentences_of_bytes(data: bytes, name: str, form: Form) -> Sentences:
    """The sentences in the bytes of one file, called ``name`` in errors; raises as ``read_sentences``."""
    reader = _Reader(name, form)
    reader.read(_Entry(name, name, data))
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


class _Entry(NamedTuple):
    name: str  # inside the folder or archive
    place: str  # for errors
    data: bytes
    label: str = ""  # from a pattern


def _entries(path: Path, reader: "_Reader") -> Iterator[_Entry]:
    limit = SPARE
    try:
        exists = path.exists()
        reader.several = path.is_dir() or is_archive(path)
        limit = max(limit, RATIO * path.stat().st_size) if exists else limit
    except OSError:  # an impossible name, which members reports
        exists = True
    if "*" in path.name and not exists:
        reader.several = True
        yield from _matching(path)
        return
    for member in members(path, seen=reader.result.seen_files, total_limit=limit):
        yield _Entry(member.name, where(path, member.name), member.data)


def _matching(path: Path) -> Iterator[_Entry]:
    name = printable(str(path))
    before, after = path.name.split("*", 1)
    if "*" in after:
        raise UserError(f"{name}: must have one *, in place of the class in the file's name")
    pattern = re.compile(re.escape(before) + "(.+)" + re.escape(after), re.DOTALL)
    files = sorted(file for file in path.parent.glob("*") if file.is_file())
    labels = {file: match[1] for file in files if (match := pattern.fullmatch(file.name))}
    if not labels:
        raise UserError(f"{name}: no such file: nothing in {printable(str(path.parent))} fits the pattern")
    for file, label in labels.items():
        for member in members(file):
            yield _Entry(member.name, where(file, member.name), member.data, label_name(label))


class _Part(NamedTuple):
    """The lines of a file; labels are "" unless it is a table."""

    entry: _Entry
    is_table: bool
    texts: list[str]
    labels: list[str]
    numbers: "array[int]"


class _Reader:
    """Reads files one by one; their names decide on splits and classes once all are read.

    Attributes:
        several: unusable files are skipped and noted, and folders may be splits and classes.
    """

    def __init__(self, source: str, form: Form):
        self.source, self.form, self.several = source, form, False
        self.result = Sentences()
        self.parts: list[_Part] = []
        self.guesses: dict[str, list[str]] = {}  # notes on guesses, and on each the messages of its files
        self.lines = self.characters = 0

    def read(self, entry: _Entry) -> None:
        """Read a file."""
        by_place = self.several and self.form.label is not None and not entry.label
        reason = reason_not_data(entry.name) if by_place else ""
        suffix = PurePosixPath(entry.name).suffix.lower()
        try:
            if not reason:
                self.parts.append(self._part(entry, suffix))
        except NotTextError:
            if not self.several:
                raise
            reason = f"not text, of kind {suffix or '(no suffix)'}"
        except UserError as error:
            if not self.several or isinstance(error, _TooManyLinesError):
                raise
            self.result.seen_files.skip(entry.name, "unreadable", str(error).removeprefix(f"{entry.place}: "))
        if reason:
            self.result.seen_files.skip(entry.name, reason)

    def _part(self, entry: _Entry, suffix: str) -> _Part:
        text, note, excerpt = decode(entry.data, entry.place, self.form.encoding)
        self._note_guess(entry.place, note, excerpt)
        is_table = suffix in TABLES
        if is_table:
            lines, note = table_rows(text, entry.place, suffix, self.form)
            self._note_guess(entry.place, note)
        else:
            lines = plain_lines(text)
        return _Part(entry, is_table, *self._usable(self._limited(lines), entry.place))

    def _note_guess(self, place: str, note: str, excerpt: str = "") -> None:
        if note:
            message = f"{place}: {note}, {excerpt}" if excerpt else f"{place}: {note}"
            self.guesses.setdefault(note, []).append(message)

    def _usable(
        self, lines: Iterable[Line | BadLine], place: str
    ) -> tuple[list[str], list[str], "array[int]"]:
        """Texts, labels and numbers of the usable lines; the others are noted."""
        texts, labels, numbers = [], [], array("l")
        bad: Counter[str] = Counter()
        names: dict[str, str] = {}  # one object per label saves memory
        for line in lines:
            if isinstance(line, BadLine):
                bad[line.reason] += 1
                if bad[line.reason] <= EXAMPLES:
                    self.result.seen_lines.skip(f"{place}, line {line.number}", line.reason, line.detail)
            elif not line.text:
                self.result.blank += 1
            else:
                texts.append(line.text)
                labels.append(names.setdefault(line.label, line.label))
                numbers.append(line.number)
        for reason, count in bad.items():
            if count > EXAMPLES:
                self.result.seen_lines.skip(place, reason, number=count - EXAMPLES)
        return texts, labels, numbers

    def _limited(self, lines: Iterable[Line | BadLine]) -> Iterator[Line | BadLine]:
        """The same lines, up to the limit of short lines."""
        for line in lines:
            self.lines += 1
            self.characters += len(line.text) if isinstance(line, Line) else 0
            if self.lines >= MAX_SHORT and self.characters < SHORT * self.lines:
                raise _TooManyLinesError(
                    f"{self.source}: must hold sentences, got over {MAX_SHORT:,} lines of "
                    f"{self.characters / self.lines:.0f} characters on average; give another file, or a part"
                )
            yield line

    def sentences(self) -> Sentences:
        """All sentences; raises as ``read_sentences``."""
        for part, split in self._placed():
            self._add(part, split)
        result = self.result
        for messages in self.guesses.values():
            more = f" (and {len(messages) - 1:,} more)" if len(messages) > 1 else ""
            result.notes.append(messages[0] + more)
        unused = [
            f"{folder}/ ({', '.join(f'{count:,} {reason}' for reason, count in reasons.items())})"
            for folder, reasons in result.seen_files.unused_folders().items()
            if not {*reasons} <= NOT_DATA
        ]
        if unused:
            more = f", … {len(unused)} in all" if len(unused) > MAX_FOLDERS else ""
            result.notes.append(f"folders without a usable file: {', '.join(unused[:MAX_FOLDERS])}{more}")
        for reason in result.seen_lines.skipped:
            result.seen_lines.check_share(reason, REMEDY)
        result.seen_files.check_share("unreadable", REMEDY)
        if not result.texts:
            raise UserError(
                f"{self.source}: must hold sentences, got none; {'; '.join(result.summary()) or 'empty'}"
            )
        return result

    def _placed(self) -> Iterator[tuple[_Part, str]]:
        """The parts with their labels, and the official split of each."""
        if self.form.label is None or not self.several or any(part.entry.label for part in self.parts):
            for part in self.parts:
                yield self._labelled(part, part.entry.label), ""
            return
        places = places_of([part.entry.name for part in self.parts], [part.is_table for part in self.parts])
        self.result.notes += places.notes
        for part, split, label, skipped in zip(self.parts, *places[:3], strict=True):
            if skipped:
                self.result.seen_files.skip(part.entry.name, skipped)
            else:
                yield self._labelled(part, label_name(label)), split

    def _labelled(self, part: _Part, label: str) -> _Part:
        """A part with the class of its file, else with the labels in its lines."""
        if part.is_table or self.form.label is None:
            return part
        if label:
            return part._replace(labels=[label] * len(part.texts))
        separator = self.form.separator or guess_separator(part.texts)
        if separator != " " and not self.form.separator:
            mark = SEPARATORS[separator]
            self._note_guess(part.entry.place, f"labels and sentences separated by {mark}, guessed")
        lines = labelled_lines(part.numbers, part.texts, separator, self.form.fine)
        texts, labels, numbers = self._usable(lines, part.entry.place)
        return part._replace(texts=texts, labels=labels, numbers=numbers)

    def _add(self, part: _Part, split: str) -> None:
        result, number = self.result, len(part.texts)
        if not number:
            if self.several:
                result.seen_files.skip(part.entry.name, "no sentence in it")
            return
        result.file.extend([len(result.files)] * number)
        result.files.append(part.entry.place)
        result.splits.append(split)
        result.texts += part.texts
        result.labels += part.labels
        result.line.extend(part.numbers)
        result.seen_lines.use(part.entry.name, number)
        result.seen_files.use(part.entry.name)


class _TooManyLinesError(UserError):
    """Refuses the whole input, not one file of it."""
