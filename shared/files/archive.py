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
from functools import partial
from pathlib import Path, PurePosixPath
from stat import S_ISLNK
from typing import NamedTuple

from shared.errors import UserError
from shared.files.inventory import EMPTY_FOLDER, HIDDEN, Inventory

MEMBER_LIMIT = 64 * 2**20  # bytes of one file: far above a record, a picture or a clip of sound
TOTAL_LIMIT = 16 * 2**30  # bytes of an archive once uncompressed, skipped entries included
# An archive may unpack to RATIO times its size and SPARE bytes more: recordings and pictures hardly shrink,
# text and game records about ten times. An archive far above that was made to fill the memory.
RATIO = 100
SPARE = 64 * 2**20

TAR = {".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.xz": "xz", ".txz": "xz", ".tar.bz2": "bz2"}
CHUNK = 2**20
# What systems put beside a user's files. A leading dot hides too: .ipynb_checkpoints, macOS's ._a.sgf.
SYSTEM = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "__pycache__"}
NAMELESS = "entry without a name"
# What the standard library raises on damaged archives; RuntimeError: a method of zip that it does not know.
_BROKEN = (
    *(EOFError, OSError, ValueError, RuntimeError, LookupError, OverflowError, MemoryError),
    *(lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error),
)

Failed = Callable[[str, Exception], None]  # handles a file that cannot be read: its name, and the error


class Member(NamedTuple):
    """One file: its name inside the folder or archive, its bytes, and the share of the whole read so far."""

    name: str
    data: bytes
    done: float


def is_archive(path: Path) -> bool:
    """Whether the name ends as that of a zip, tar, tar.gz, tar.xz or tar.bz2."""
    return path.name.lower().endswith((".zip", *TAR))


def where(path: Path, name: str) -> str:
    """The name of a member in errors: ``games.zip!folder/a.sgf``, ``folder/a.sgf``, or the file itself."""
    if is_archive(path) and not path.is_dir():
        return printable(f"{path}!{name}")
    return printable(str(path / name) if path.is_dir() else str(path))


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
    failed = _raised if seen is None else partial(_noted, seen)
    seen = Inventory() if seen is None else seen
    listed = files(path, suffixes, seen=seen)
    if path.is_dir():
        read = _folder(path, listed, member_limit, failed)
    elif not path.is_file():
        raise _refused(f"{path}: neither a file nor a folder")
    elif is_archive(path):
        unpack = _zip if path.name.lower().endswith(".zip") else _tar
        total_limit = min(total_limit, RATIO * path.stat().st_size + SPARE)
        read = _guarded(path, unpack(path, suffixes, seen, failed, member_limit, total_limit))
    else:
        read = iter([Member(printable(path.name), _read(path, member_limit), 1.0)])
    empty = True
    for member in read:
        empty = False
        yield member
    if empty:
        raise nothing(path, suffixes, seen)


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
        for name in sorted(folders):
            if Path(root, name).is_symlink():
                seen.skip(printable(f"{(inside / name).as_posix()}/"), "linked folder, not entered")
        if not folders and not names and inside.parts:
            seen.skip(printable(f"{inside.as_posix()}/"), EMPTY_FOLDER)
        for name in sorted(names):
            label = printable((inside / name).as_posix())
            reason = _passed_over(label, name, suffixes)
            file = Path(root, name)
            if reason is None and not file.is_file() and not file.is_symlink():
                reason = "neither file nor folder"
            if reason is None:
                accepted.append(file)
            else:
                seen.skip(label, reason)
    return sorted(accepted)


def _raised(name: str, error: Exception) -> None:
    raise error


def _noted(seen: Inventory, name: str, error: Exception) -> None:
    seen.skip(name, "unreadable", str(error).rpartition(f"{name}: ")[2])


def _folder(path: Path, listed: list[Path], member_limit: int, failed: Failed) -> Iterator[Member]:
    for number, file in enumerate(listed, start=1):
        name = printable(file.relative_to(path).as_posix())
        try:
            data = _read(file, member_limit)
        except UserError as error:
            failed(name, error)
        else:
            yield Member(name, data, number / len(listed))


def _read(file: Path, limit: int) -> bytes:
    try:
        _check_limit(str(file), file.stat().st_size, limit)
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error


def _guarded(path: Path, unpacked: Iterator[Member]) -> Iterator[Member]:
    try:
        yield from unpacked
    except PermissionError as error:
        raise _unreadable(path, error) from error
    except _BROKEN as error:
        raise _refused(f"{path}: broken or truncated archive ({error}); fetch or pack it again") from error


def _skipped(label: str, name: str, suffixes: Sequence[str], seen: Inventory, nameless: str) -> bool:
    """Whether an archive's entry is not to be read; if so, ``seen`` counts it."""
    reason = _passed_over(label, name, suffixes) if label else NAMELESS
    if reason:
        seen.skip(label or nameless, reason)
    return bool(reason)


def _zip(
    path: Path,
    suffixes: Sequence[str],
    seen: Inventory,
    failed: Failed,
    member_limit: int,
    total_limit: int,
) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > total_limit:
            raise _too_large(path, total_limit)
        for number, entry in enumerate(entries, start=1):
            label = _check_name(path, entry.filename)
            if S_ISLNK(entry.external_attr >> 16):
                raise _refused(f"{path}!{label}: a link, which is not followed; pack the file itself")
            if entry.filename.endswith("/"):
                continue
            if _skipped(label, entry.filename, suffixes, seen, f"entry {number}"):
                continue
            try:
                if entry.flag_bits & 1:
                    raise _refused(f"{path}!{label}: locked with a password; pack it without one")
                _check_limit(f"{path}!{label}", entry.file_size, member_limit)
                data = archive.read(entry)
            except (UserError, *_BROKEN) as error:
                failed(label, error)
            else:
                yield Member(label, data, number / len(entries))


def _tar(
    path: Path,
    suffixes: Sequence[str],
    seen: Inventory,
    failed: Failed,
    member_limit: int,
    total_limit: int,
) -> Iterator[Member]:
    kind = next(kind for end, kind in TAR.items() if path.name.lower().endswith(end))
    size = max(path.stat().st_size, 1)
    with path.open("rb") as packed:
        stream = _Forward(path, _unpacked(packed, kind), member_limit, total_limit)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            while (entry := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # else it remembers every entry
                label = _check_name(path, entry.name)
                if not entry.isfile() and not entry.isdir():
                    raise _refused(
                        f"{path}!{label}: a link or device, which is not followed; pack the file itself"
                    )
                if entry.isdir():
                    continue
                if _skipped(label, entry.name, suffixes, seen, "an entry"):
                    continue
                try:
                    _check_limit(f"{path}!{label}", entry.size, member_limit)
                except UserError as error:
                    failed(label, error)
                    continue
                data = archive.extractfile(entry)
                assert data is not None  # only for entries that are no file
                yield Member(label, data.read(), packed.tell() / size)
        # tarfile takes a damaged header for the end; the true end is a block of zeros.
        if stream.last != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("no end mark")
        while stream.read(CHUNK):  # to the end of the file, where the compressor's checksum stands
            pass


def _unpacked(packed: io.BufferedReader, kind: str) -> io.BufferedIOBase:
    if kind == "gz":
        return gzip.GzipFile(fileobj=packed)
    if kind == "xz":
        return lzma.LZMAFile(packed)
    return bz2.BZ2File(packed) if kind == "bz2" else packed


class _Forward(io.BufferedIOBase):
    """A stream for tarfile that only moves forward and counts bytes, so that no header passes the limits."""

    def __init__(self, path: Path, stream: io.BufferedIOBase, member_limit: int, total_limit: int) -> None:
        self.path, self.stream = path, stream
        self.member_limit, self.total_limit = member_limit, total_limit
        self.position = 0
        self.last = b""  # what was read last

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0
        _check_limit(f"{self.path}: an entry", size, max(self.member_limit + tarfile.BLOCKSIZE, CHUNK))
        self.last = self.stream.read(size)
        self.position += len(self.last)
        if self.position > self.total_limit:
            raise _too_large(self.path, self.total_limit)
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


def _check_name(path: Path, name: str) -> str:
    label = printable(name)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":":
        raise _refused(f"{path}!{label}: the entry climbs out of its folder; the archive is refused")
    return label.removeprefix("./")


def _check_limit(label: str, size: int, limit: int) -> None:
    if size > limit:
        raise _refused(f"{label}: {size:,} bytes, more than the {limit:,} that one file may have")


def _refused(message: str) -> UserError:
    """An error with escaped names: they are untrusted, and terminals obey control characters."""
    return UserError(printable(message))


def _unreadable(path: Path | str, error: OSError | ValueError) -> UserError:
    return _refused(f"{path}: cannot be read ({getattr(error, 'strerror', error)})")


def _too_large(path: Path, limit: int) -> UserError:
    return _refused(f"{path}: more than {limit:,} bytes once unpacked; unpack it yourself if you trust it")


def _passed_over(label: str, name: str, suffixes: Sequence[str]) -> str | None:
    """Why a file is skipped unread, by its place and name; None: it is wanted."""
    parts = PurePosixPath(label.replace("\\", "/")).parts
    if any(part.startswith(".") or part.casefold() in SYSTEM for part in parts):
        return HIDDEN
    if name.lower().endswith(tuple(suffixes) or ""):
        return None
    return f"of kind {PurePosixPath(label).suffix.lower() or '(no suffix)'}"


def printable(name: str) -> str:
    """Text without control characters: names are untrusted, and terminals obey these characters."""
    return "".join(c if c.isprintable() else "?" for c in name)
