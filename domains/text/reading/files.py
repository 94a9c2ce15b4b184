"""A user's files as sentences with their labels."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from domains.text.reading.encoding import NoTextError, decode
from domains.text.reading.labels import label_name
from domains.text.reading.lines import SEPARATORS, Bad, Form, Line, labelled, plain, separator
from domains.text.reading.places import NO_DATA, no_data, places
from domains.text.reading.sentences import Sentences
from domains.text.reading.tables import TABLES, rows
from shared.errors import UserError
from shared.files import EXAMPLES, is_archive, members, printable, where

RATIO = 4  # times its size that an archive of texts may unpack to, if that is more than SPARE
SPARE = 64 * 2**20
MANY, SHORT = 1_000_000, 32  # that many sentences have SHORT characters on average, or they are none
NAMED = 5  # folders of a note
REMEDY = (
    "mend them, or say how to read them: data.columns, data.separator and data.encoding; what is read are "
    "`LABEL text` lines, tables that name their columns, and a file or folder for each class"
)


def read_sentences(path: str | Path, form: Form) -> Sentences:
    r"""Read sentences in any of these ways; lines end at ``\n``, and at ``\r`` in a file without any.

    - a table by its suffix, .csv, .tsv or .jsonl: a sentence a row, in named columns;
    - any other file: ``LABEL text`` lines, where a tab, bar, semicolon or comma may stand for the space;
    - a pattern with one ``*``, such as ``rt-polarity.*``: a file a class, which what ``*`` stands for names;
    - a folder or archive: ``places`` says how its folders and files stand for splits and classes.

    In a class's own file, and where no labels are asked for, a line is a sentence. Lines and, in a folder or
    archive, files that cannot be used are skipped and noted.

    Raises:
        UserError: no such file, no sentence, more than half of the lines or files cannot be used, or all is
            far larger than text is.
    """
    path = Path(path)
    reader = _Reader(printable(str(path)), form)
    for entry in _entries(path, reader):
        reader.read(entry)
    return reader.sentences()


def sentences_in(data: bytes, name: str, form: Form) -> Sentences:
    """The sentences in the bytes of one file; ``name`` is what errors call it.

    Raises:
        UserError: as ``read_sentences``.
    """
    reader = _Reader(name, form)
    reader.read(_Entry(name, name, data))
    return reader.sentences()


class _Entry(NamedTuple):
    name: str  # inside the folder or archive
    place: str  # as errors call it
    data: bytes
    label: str = ""  # the class that a pattern finds in the name


def _entries(path: Path, reader: "_Reader") -> Iterator[_Entry]:
    limit = SPARE
    try:
        there = path.exists()
        reader.many = path.is_dir() or is_archive(path)
        limit = max(limit, RATIO * path.stat().st_size) if there else limit
    except OSError:  # a name that no file can have; members says so
        there = True
    if "*" in path.name and not there:
        reader.many = True
        yield from _matching(path)
        return
    for member in members(path, seen=reader.found.seen_files, total_limit=limit):
        yield _Entry(member.name, where(path, member.name), member.data)


def _matching(path: Path) -> Iterator[_Entry]:
    name = printable(str(path))
    before, after = path.name.split("*", 1)
    if "*" in after:
        raise UserError(f"{name}: more than one *: write one, where the class stands in the file's name")
    pattern = re.compile(re.escape(before) + "(.+)" + re.escape(after), re.DOTALL)
    found = sorted(file for file in path.parent.glob("*") if file.is_file())
    named = [(file, match[1]) for file in found if (match := pattern.fullmatch(file.name))]
    if not named:
        raise UserError(f"{name}: no such file: nothing in {printable(str(path.parent))} fits the pattern")
    for file, label in named:
        for member in members(file):
            yield _Entry(member.name, where(file, member.name), member.data, label_name(label))


class _Part(NamedTuple):
    """A file that was read; its labels are "" unless it is a table."""

    entry: _Entry
    is_table: bool
    texts: list[str]
    labels: list[str]
    numbers: "array[int]"


class _Reader:
    """Reads files one after the other; when it has seen all, their names say how they belong together.

    Attributes:
        many: a file that cannot be used is skipped and noted, and its place may say split and class.
    """

    def __init__(self, source: str, form: Form):
        self.source, self.form, self.many = source, form, False
        self.found = Sentences()
        self.parts: list[_Part] = []
        self.guesses: dict[str, list[str]] = {}  # what was guessed, and of which files
        self.lines = self.characters = 0

    def read(self, entry: _Entry) -> None:
        """Read a file."""
        by_place = self.many and self.form.label is not None and not entry.label
        reason = no_data(entry.name) if by_place else ""
        suffix = PurePosixPath(entry.name).suffix.lower()
        try:
            if not reason:
                self.parts.append(self._part(entry, suffix))
        except NoTextError:
            if not self.many:
                raise
            reason = f"no text, of kind {suffix or '(no suffix)'}"
        except UserError as error:
            if not self.many or isinstance(error, _TooManyError):
                raise
            self.found.seen_files.skip(entry.name, "unreadable", str(error).removeprefix(f"{entry.place}: "))
        if reason:
            self.found.seen_files.skip(entry.name, reason)

    def _part(self, entry: _Entry, suffix: str) -> _Part:
        text, how, sample = decode(entry.data, entry.place, self.form.encoding)
        self._guess(entry.place, how, sample)
        is_table = suffix in TABLES
        if is_table:
            lines, how = rows(text, entry.place, suffix, self.form)
            self._guess(entry.place, how)
        else:
            lines = plain(text)
        return _Part(entry, is_table, *self._usable(self._counted(lines), entry.place))

    def _guess(self, place: str, how: str, sample: str = "") -> None:
        if how:
            self.guesses.setdefault(how, []).append(f"{place}: {how}" + f", {sample}" * bool(sample))

    def _usable(self, lines: Iterable[Line | Bad], place: str) -> tuple[list[str], list[str], "array[int]"]:
        """Texts, labels and numbers of the lines that can be used; the others are noted."""
        texts, labels, numbers = [], [], array("l")
        bad: Counter[str] = Counter()
        names: dict[str, str] = {}  # each label is held once
        for line in lines:
            if isinstance(line, Bad):
                bad[line.reason] += 1
                if bad[line.reason] <= EXAMPLES:
                    self.found.seen_lines.skip(f"{place}, line {line.number}", line.reason, line.detail)
            elif not line.text:
                self.found.blank += 1
            else:
                texts.append(line.text)
                labels.append(names.setdefault(line.label, line.label))
                numbers.append(line.number)
        for reason, count in bad.items():
            if count > EXAMPLES:
                self.found.seen_lines.skip(place, reason, number=count - EXAMPLES)
        return texts, labels, numbers

    def _counted(self, lines: Iterable[Line | Bad]) -> Iterator[Line | Bad]:
        """The same lines, unless they are far too many."""
        for line in lines:
            self.lines += 1
            self.characters += len(line.text) if isinstance(line, Line) else 0
            if self.lines >= MANY and self.characters < SHORT * self.lines:
                raise _TooManyError(
                    f"{self.source}: {MANY:,} lines, and more, of {self.characters / self.lines:.0f} "
                    "characters on average are hardly sentences; give another file, or a part of this one"
                )
            yield line

    def sentences(self) -> Sentences:
        """All that was read.

        Raises:
            UserError: as ``read_sentences``.
        """
        for part, split in self._placed():
            self._take(part, split)
        found = self.found
        found.notes += [
            each[0] + f" (and {len(each) - 1:,} more)" * (len(each) > 1) for each in self.guesses.values()
        ]
        found.notes += self._lost()
        for reason in found.seen_lines.skipped:
            found.seen_lines.check_share(reason, REMEDY)
        found.seen_files.check_share("unreadable", REMEDY)
        if not found.texts:
            raise UserError(
                f"{self.source}: no sentence in it; {'; '.join(found.summary()) or 'it is empty'}"
            )
        return found

    def _lost(self) -> list[str]:
        """A note on folders, such as those of a class, of which nothing is used though there is something."""
        lost = [
            f"{folder}/ ({', '.join(f'{count:,} {reason}' for reason, count in reasons.items())})"
            for folder, reasons in self.found.seen_files.unused_folders().items()
            if folder != "." and not {*reasons} <= NO_DATA
        ]
        more = f", … {len(lost)} in all" * (len(lost) > NAMED)
        return [f"folders of which nothing is used: {', '.join(lost[:NAMED])}{more}"] if lost else []

    def _placed(self) -> Iterator[tuple[_Part, str]]:
        """The parts with their labels, and the official split of each."""
        if self.form.label is None or not self.many or any(part.entry.label for part in self.parts):
            for part in self.parts:
                yield self._labelled(part, part.entry.label), ""
            return
        split, label, skipped, notes = places(
            [part.entry.name for part in self.parts], [part.is_table for part in self.parts]
        )
        self.found.notes += notes
        for row, part in enumerate(self.parts):
            if skipped[row]:
                self.found.seen_files.skip(part.entry.name, skipped[row])
            else:
                yield self._labelled(part, label_name(label[row])), split[row]

    def _labelled(self, part: _Part, label: str) -> _Part:
        """A part with the class of its file, or those that its lines say."""
        if part.is_table or self.form.label is None:
            return part
        if label:
            return part._replace(labels=[label] * len(part.texts))
        mark = self.form.separator or separator(part.texts)
        if mark != " " and not self.form.separator:
            self._guess(part.entry.place, f"labels and sentences separated by {SEPARATORS[mark]}, guessed")
        lines = labelled(part.numbers, part.texts, mark, self.form.fine)
        texts, labels, numbers = self._usable(lines, part.entry.place)
        return part._replace(texts=texts, labels=labels, numbers=numbers)

    def _take(self, part: _Part, split: str) -> None:
        found, number = self.found, len(part.texts)
        if not number:
            if self.many:
                found.seen_files.skip(part.entry.name, "no sentence in it")
            return
        found.file.extend([len(found.files)] * number)
        found.files.append(part.entry.place)
        found.splits.append(split)
        found.texts += part.texts
        found.labels += part.labels
        found.line.extend(part.numbers)
        found.seen_lines.use(part.entry.name, number)
        found.seen_files.use(part.entry.name)


class _TooManyError(UserError):
    """All of it is refused, not one file."""
