"""Sentences with labels from a file, a folder, an archive, or one file per class."""

import re
from collections.abc import Iterable
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
from domains.text.reading.places import place_files, reason_not_data
from domains.text.reading.sentences import Sentences, TextFile
from domains.text.reading.tables import TABLES, table_rows
from shared.errors import UserError
from shared.files import check_folders, is_archive, members, printable, where

RATIO, SPARE = (
    4,
    64 * 2**20,
)  # an archive may unpack to RATIO times its size, or to SPARE bytes if that is more
MAX_SHORT, SHORT = 1_000_000, 32  # above MAX_SHORT lines, an average below SHORT bytes is refused
REMEDY = (
    "correct them, or set data.columns, data.separator and data.encoding; readable are `LABEL text` lines, "
    "tables that name their columns, and a file or folder per class"
)


def read_sentences(path: str | Path, form: Form) -> Sentences:
    r"""Read sentences; lines end at ``\n``, and at ``\r`` in a file without ``\n``.

    - a table (.csv, .tsv, .jsonl): one sentence per row, in named columns;
    - any other file: ``LABEL text`` lines, separated by a space, tab, bar, semicolon or comma;
    - a pattern with one ``*``, such as ``rt-polarity.*``: one file per class, whose name stands at ``*``;
    - a folder or archive: see ``place_files``.

    In a class's own file, and without labels, each line is a sentence. Unusable lines and, in a folder or
    archive, unusable files are skipped and noted.

    Raises:
        UserError: no such file, no sentence, more than half of the lines or files unusable, or a size that
            text does not have; with ``form.strict`` any skipped line or file.
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
        reader.read(TextFile(member.name, where(path, member.name)), member.data)
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
    reader = _Reader(path, form, several=True, has_classes=True)
    for file, label in labels.items():
        for member in members(file):
            reader.read(TextFile(member.name, where(file, member.name), label_name(label)), member.data)
    return reader.sentences()


def sentences_of_bytes(data: bytes, name: str, form: Form) -> Sentences:
    """The sentences in the bytes of one file, called ``name`` in errors; raises as ``read_sentences``."""
    reader = _Reader(Path(name), form, several=False)
    reader.read(TextFile(name, name), data)
    return reader.sentences()


def read_text(text: str) -> Sentences:
    """A text as one sentence; raises a ``UserError`` if it is empty, too long, or has NUL characters."""
    line = check_line(1, replace_surrogates(text))
    if isinstance(line, BadLine):
        raise UserError(f"text: must be a sentence, got a line {line.reason}")
    return Sentences([TextFile("text", "text", lines=[line])])


class _Reader:
    """Reads files one by one; their names decide on splits and classes once all are read.

    With ``several``, unusable files are skipped and noted and, unless they have classes already, folders may
    be splits and classes.
    """

    def __init__(self, path: Path, form: Form, several: bool, has_classes: bool = False):
        self.path, self.form, self.several = path, form, several
        self.by_place = several and not has_classes and form.label is not None
        self.result = Sentences([])
        self.files: list[TextFile] = []
        self.guesses: dict[str, list[str]] = {}  # notes on guesses, and on each the messages of its files
        self.lines = self.bytes = 0

    def read(self, file: TextFile, data: bytes) -> None:
        """Read a file."""
        suffix = PurePosixPath(file.name).suffix.lower()
        reason, detail = reason_not_data(file.name) if self.by_place else "", ""
        self.lines += max(data.count(b"\n"), data.count(b"\r"))
        self.bytes += len(data)
        if self.lines >= MAX_SHORT and self.bytes < SHORT * self.lines:
            raise UserError(
                f"{printable(str(self.path))}: must hold sentences, got over {MAX_SHORT:,} lines of "
                f"{self.bytes / self.lines:.0f} bytes on average; give another file, or a part"
            )
        try:
            if not reason:
                self._read(file, data, suffix)
        except UserError as error:
            if not self.several:
                raise
            if isinstance(error, NotTextError):
                reason = f"not text, of kind {suffix or '(no suffix)'}"
            else:
                reason, detail = "unreadable", str(error).removeprefix(f"{file.place}: ")
        if reason:
            self.result.seen_files.skip(file.name, reason, detail)

    def _read(self, file: TextFile, data: bytes, suffix: str) -> None:
        text, note, excerpt = decode(data, file.place, self.form.encoding)
        self._note_guess(file, note, excerpt)
        file.is_table = suffix in TABLES
        if file.is_table:
            lines, note = table_rows(text, file.place, suffix, self.form)
            self._note_guess(file, note)
        else:
            lines = plain_lines(text)
        self._keep_usable(file, lines)
        self.files.append(file)

    def _note_guess(self, file: TextFile, note: str, *excerpt: str) -> None:
        if note:
            message = ", ".join(filter(None, (note, *excerpt)))
            self.guesses.setdefault(note, []).append(f"{file.place}: {message}")

    def _keep_usable(self, file: TextFile, lines: Iterable[Line | BadLine]) -> None:
        """Keep the usable lines in the file; the others are noted."""
        usable = []
        for line in lines:
            if isinstance(line, BadLine):
                self.result.seen_lines.skip(f"{file.place}, line {line.number}", line.reason, line.detail)
            elif line.text:
                usable.append(line)
            else:
                self.result.blank += 1
        file.lines = usable

    def sentences(self) -> Sentences:
        """All sentences; raises as ``read_sentences``."""
        result, files = self.result, self.files
        if self.by_place:
            files, result.notes = place_files(files, result.seen_files)
        for file in files:
            if not file.is_table and self.form.label is not None:
                self._label(file)
            if file.lines:
                result.files.append(file)
                result.seen_lines.use(file.name, len(file.lines))
                result.seen_files.use(file.name)
            elif self.several:
                result.seen_files.skip(file.name, "no sentence in it")
        for first, *others in self.guesses.values():
            result.notes.append(first + f" (and {len(others):,} more)" * bool(others))
        result.notes += check_folders(result.seen_files, self.path)
        for reason in result.seen_lines.skipped:
            result.seen_lines.check_share(reason, REMEDY)
        result.seen_files.check_share("unreadable", REMEDY)
        if not result.files:
            summary = "; ".join(result.summary()) or "empty"
            raise UserError(f"{printable(str(self.path))}: must hold sentences, got none; {summary}")
        result.seen_files.refuse(self.form.strict)
        result.seen_lines.refuse(self.form.strict)
        return result

    def _label(self, file: TextFile) -> None:
        """Give the lines the class of their file, else the labels in front of them."""
        if file.label:
            file.lines = [line._replace(label=file.label) for line in file.lines]
            return
        mark = self.form.separator or guess_separator(file.lines)
        if mark not in (" ", self.form.separator):
            self._note_guess(file, f"labels and sentences separated by {SEPARATORS[mark]}, guessed")
        self._keep_usable(file, labelled_lines(file.lines, mark, self.form.fine))
