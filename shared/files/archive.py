"""The files that a user's path holds: one file, a folder, or an archive that is read without unpacking it.

Nothing is ever written to disk. An archive that could do harm if it were unpacked (entries that climb out of
its folder, links, devices) or that claims more than the limits below is refused as a whole.
"""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISLNK
from typing import Any, NamedTuple

from shared.errors import UserError
from shared.files.inventory import EMPTY_FOLDER, HIDDEN, Inventory

MEMBER_LIMIT = 64 * 2**20  # bytes of one file: far above a record, a picture or a clip of sound
TOTAL_LIMIT = 16 * 2**30  # bytes of an archive once uncompressed, skipped entries included
# An archive may unpack to RATIO times its size and SPARE bytes more: recordings and pictures hardly shrink,
# text and game records about ten times. An archive far above that was made to fill the memory.
RATIO = 100
SPARE = 64 * 2**20
CHUNK = 2**20

UNPACKED: dict[str, Callable[[Any], Any]] = {
    ".tar": lambda file: file,
    **dict.fromkeys((".tar.gz", ".tgz"), gzip.open),
    **dict.fromkeys((".tar.xz", ".txz"), lzma.open),
    ".tar.bz2": bz2.open,
}
# What systems put beside a user's files. A leading dot hides too: .ipynb_checkpoints, macOS's ._a.sgf.
SYSTEM = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "__pycache__"}
# What the standard library raises on damaged archives; RuntimeError: a method of zip that it does not know.
_BROKEN = (
    *(EOFError, OSError, ValueError, RuntimeError, LookupError, OverflowError, MemoryError),
    *(lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error),
)


class Member(NamedTuple):
    """One file: its name inside the folder or archive, its bytes, and the share of the whole read so far."""

    name: str
    data: bytes
    done: float


def is_archive(path: Path) -> bool:
    """Whether the name ends as that of a zip, tar, tar.gz, tar.xz or tar.bz2."""
    return path.name.lower().endswith((".zip", *UNPACKED))


def where(path: Path, name: str) -> str:
    """The name of a member in errors: ``games.zip!folder/a.sgf``, ``folder/a.sgf``, or the file itself."""
    if is_archive(path) and not path.is_dir():
        return printable(f"{path}!{name}")
    return printable(str(path / name) if path.is_dir() else str(path))


def printable(name: str) -> str:
    """Text without control characters: names are untrusted, and terminals obey these characters."""
    return "".join(c if c.isprintable() else "?" for c in name)


def members(
    path: Path,
    suffixes: Sequence[str] = (),
    *,
    seen: Inventory | None = None,
    member_limit: int = MEMBER_LIMIT,
    total_limit: int = TOTAL_LIMIT,
) -> Iterator[Member]:
    """Read all files of a path one after the other: a folder in sorted order, an archive in its own.

    Hidden files are skipped, and so are those of other suffixes.

    Args:
        path: a file (read whatever its name is), a folder (with its subfolders), or an archive.
        suffixes: only files whose name ends so, in either case, such as ``(".sgf",)``; () for all.
        seen: where each skipped file is noted, with the reason; then a file of a folder or archive that
            cannot be read, or is too large, is skipped too, where it is an error without.
        member_limit: bytes that one file may have.
        total_limit: bytes that an archive may have once uncompressed.

    Raises:
        UserError: nothing there or none of the suffixes, a broken or truncated archive, an entry that climbs
            out, a link (in an archive; in a folder one that leads nowhere), a device, a limit passed.
    """
    reader = _Reader(path, suffixes, seen or Inventory(), seen is None, member_limit, total_limit)
    paths = files(path, suffixes, seen=reader.seen)
    empty = True
    for member in reader.read(paths):
        empty = False
        yield member
    if empty:
        raise nothing(path, suffixes, reader.seen)


def nothing(path: Path, suffixes: Sequence[str], seen: Inventory) -> UserError:
    """The error of a path without a file of the wanted kind: it lists the files that were skipped."""
    wanted = f" that ends in {' or '.join(suffixes)}" * bool(suffixes)
    skipped = "; ".join(line.strip() for line in seen.summary()[1:])
    return _refused(f"{path}: no file in it{wanted}" + f" (skipped: {skipped})" * bool(skipped))


def files(path: Path, suffixes: Sequence[str] = (), *, seen: Inventory | None = None) -> list[Path]:
    """The files of a path: itself, or all files below a folder, sorted.

    Linked folders are not entered, since they may lead in a circle.

    Args:
        path: a file or a folder.
        suffixes: as in ``members``.
        seen: where each skipped file is noted, with the reason.

    Raises:
        UserError: there is nothing, or it cannot be read.
    """
    seen = Inventory() if seen is None else seen
    try:
        path.stat()
    except FileNotFoundError as error:
        raise _refused(f"{path}: no such file or folder") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(path, error) from error
    if not path.is_dir():
        return [path]

    def fail(error: OSError) -> None:
        raise _unreadable(error.filename, error) from error

    accepted = []
    for root, folders, names in os.walk(path, onerror=fail):
        inside = Path(root).relative_to(path)
        if not folders and not names and inside.parts:
            seen.skip(printable(f"{inside.as_posix()}/"), EMPTY_FOLDER)
        for name in sorted(folders):
            if Path(root, name).is_symlink():
                seen.skip(printable(f"{(inside / name).as_posix()}/"), "linked folder, not entered")
        for name in sorted(names):
            file, label = Path(root, name), printable((inside / name).as_posix())
            reason = _passed_over(label, name, suffixes)
            if reason is None and (file.is_file() or file.is_symlink()):
                accepted.append(file)
            else:
                seen.skip(label, reason or "neither file nor folder")
    return sorted(accepted)


@dataclass
class _Reader:
    """Reads the files of a path; see ``members``."""

    path: Path
    suffixes: Sequence[str]
    seen: Inventory
    strict: bool  # a file that cannot be read is an error
    member_limit: int
    total_limit: int

    def read(self, paths: list[Path]) -> Iterator[Member]:
        if self.path.is_dir():
            return self._folder(paths)
        if not self.path.is_file():
            raise _refused(f"{self.path}: neither a file nor a folder")
        if is_archive(self.path):
            self.total_limit = min(self.total_limit, RATIO * self.path.stat().st_size + SPARE)
            return self._archive()
        return iter([Member(printable(self.path.name), self._contents(self.path), 1.0)])

    def check_size(self, label: str, size: int) -> None:
        if size > (most := self.member_limit):
            raise _refused(f"{label}: {size:,} bytes, more than the {most:,} that one file may have")

    def check_total(self, size: int) -> None:
        if size > (most := self.total_limit):
            reason = f"more than {most:,} bytes once unpacked; unpack it yourself if you trust it"
            raise _refused(f"{self.path}: {reason}")

    def _contents(self, file: Path) -> bytes:
        try:
            self.check_size(str(file), file.stat().st_size)
            return file.read_bytes()
        except OSError as error:
            raise _unreadable(file, error) from error

    def _failed(self, name: str, error: Exception) -> None:
        if self.strict:
            raise error
        self.seen.skip(name, "unreadable", str(error).rpartition(f"{name}: ")[2])

    def _folder(self, paths: list[Path]) -> Iterator[Member]:
        for number, file in enumerate(paths, start=1):
            name = printable(file.relative_to(self.path).as_posix())
            try:
                data = self._contents(file)
            except UserError as error:
                self._failed(name, error)
            else:
                yield Member(name, data, number / len(paths))

    def _archive(self) -> Iterator[Member]:
        try:
            yield from self._zip() if self.path.name.lower().endswith(".zip") else self._tar()
        except PermissionError as error:
            raise _unreadable(self.path, error) from error
        except _BROKEN as error:
            reason = f"broken or truncated archive ({error}); fetch or pack it again"
            raise _refused(f"{self.path}: {reason}") from error

    def _zip(self) -> Iterator[Member]:
        with zipfile.ZipFile(self.path) as archive:
            entries = archive.infolist()
            self.check_total(sum(entry.file_size for entry in entries))
            for number, entry in enumerate(entries, start=1):
                kind = "a link" if S_ISLNK(entry.external_attr >> 16) else None
                label = self._wanted(entry.filename, kind, entry.filename.endswith("/"), f"entry {number}")
                try:
                    if label and entry.flag_bits & 1:
                        raise _refused(f"{self.path}!{label}: locked with a password; pack it without one")
                    if label:
                        self.check_size(f"{self.path}!{label}", entry.file_size)
                        yield Member(label, archive.read(entry), number / len(entries))
                except (UserError, *_BROKEN) as error:
                    self._failed(str(label), error)

    def _tar(self) -> Iterator[Member]:
        opened = next(opened for end, opened in UNPACKED.items() if self.path.name.lower().endswith(end))
        size = max(self.path.stat().st_size, 1)
        with self.path.open("rb") as packed:
            stream = _Forward(self, opened(packed))
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                while (entry := archive.next()) is not None:
                    archive.members.clear()  # type: ignore[attr-defined]  # else it remembers every entry
                    kind = None if entry.isfile() or entry.isdir() else "a link or device"
                    label = self._wanted(entry.name, kind, entry.isdir(), "an entry")
                    if label is None:
                        continue
                    try:
                        self.check_size(f"{self.path}!{label}", entry.size)
                    except UserError as error:
                        self._failed(label, error)
                        continue
                    data = archive.extractfile(entry)
                    assert data is not None  # only for entries that are no file
                    yield Member(label, data.read(), packed.tell() / size)
            # tarfile takes a damaged header for the end; the true end is a block of zeros.
            if stream.last != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("no end mark")
            while stream.read(CHUNK):  # to the end of the file, where the compressor's checksum stands
                pass

    def _wanted(self, name: str, kind: str | None, is_folder: bool, place: str) -> str | None:
        """The name of an entry that is to be read, None for others; those that could do harm are refused."""
        label, parts = printable(name).removeprefix("./"), PurePosixPath(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":":
            climbs = "the entry climbs out of its folder; the archive is refused"
            raise _refused(f"{self.path}!{label}: {climbs}")
        if kind:
            raise _refused(f"{self.path}!{label}: {kind}, which is not followed; pack the file itself")
        if is_folder:
            return None
        reason = _passed_over(label, name, self.suffixes) if label else "entry without a name"
        if reason:
            self.seen.skip(label or place, reason)
        return None if reason else label


class _Forward(io.BufferedIOBase):
    """A stream for tarfile that only moves forward and counts bytes, so that no header passes the limits."""

    def __init__(self, reader: _Reader, stream: io.BufferedIOBase) -> None:
        self.reader, self.stream = reader, stream
        self.position = 0
        self.last = b""  # what was read last

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0
        if size > max(CHUNK, self.reader.member_limit + tarfile.BLOCKSIZE):
            self.reader.check_size(f"{self.reader.path}: an entry", size)
        self.last = self.stream.read(size)
        self.position += len(self.last)
        self.reader.check_total(self.position)
        return self.last

    def seek(self, position: int, whence: int = 0, /) -> int:
        assert whence == 0
        if position < self.position:  # members are read in order: only a false header leads back
            raise tarfile.ReadError("an entry begins inside the one before")
        while self.position < position and self.read(min(CHUNK, position - self.position)):
            pass
        return self.position

    def tell(self) -> int:
        return self.position


def _refused(message: str) -> UserError:
    """An error with escaped names: they are untrusted, and terminals obey control characters."""
    return UserError(printable(message))


def _unreadable(path: Path | str, error: OSError | ValueError) -> UserError:
    return _refused(f"{path}: cannot be read ({getattr(error, 'strerror', error)})")


def _passed_over(label: str, name: str, suffixes: Sequence[str]) -> str | None:
    """Why a file is skipped unread, by its place and name; None: it is wanted."""
    parts = PurePosixPath(label.replace("\\", "/")).parts
    if any(part.startswith(".") or part.casefold() in SYSTEM for part in parts):
        return HIDDEN
    if name.lower().endswith(tuple(suffixes) or ""):
        return None
    return f"of kind {PurePosixPath(label).suffix.lower() or '(no suffix)'}"
