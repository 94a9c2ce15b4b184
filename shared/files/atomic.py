"""Files that are written whole or not at all, and the removal of those that a kill left unfinished."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

from shared.errors import PlaceError, UserError

_MARK = "?" * 8  # what tempfile puts behind a prefix
_hidden: dict[Path, set[Path]] = {}  # of each folder: hidden files that were there before this process wrote
_threads = Lock()


def make_folder(key: str, path: Path) -> Path:
    """Make the folder that a key names, if it is not there yet, and return it; else a ``UserError``."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"got {path} ({error.strerror}); name another folder"
        raise UserError(f"{key}: must be a folder that can be made, {reason}") from error
    return path


def write(path: Path, contents: str | bytes) -> None:
    """Write a whole file or none: a reader, or a full disk, never sees half of it; else a ``PlaceError``."""
    try:
        with writing(path) as file:
            file.write(contents.encode() if isinstance(contents, str) else contents)
    except OSError as error:
        reason = f"cannot be written: {error.strerror}; free or choose another place"
        raise PlaceError(f"{path}: {reason}") from error


def write_json(path: Path, contents: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    write(path, json.dumps(contents, indent=2) + "\n")


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, hidden beside ``path``, which it replaces once all went well.

    What killed processes left of earlier attempts at ``path`` is removed.
    """
    _remove_dead(path)
    handle, name = _begin(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)  # while it is locked, so that no process removes it as unfinished
    finally:
        with suppress(OSError):  # on a full disk; its error is already being raised
            Path(name).unlink(missing_ok=True)


def _begin(path: Path) -> tuple[int, str]:
    """A new file, locked for as long as it is open."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with suppress(OSError):  # a disk without locks: what is left there stays
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # removed before it was locked


def remove_unfinished(folder: Path) -> None:
    """Remove unfinished files of killed processes; only for the process that holds the lock of the folder."""
    for part in folder.glob(f".*-{_MARK}"):
        part.unlink(missing_ok=True)


def _remove_dead(path: Path) -> None:
    """Remove unfinished files of this name whose lock is free: the process that wrote them is gone."""
    with _threads:  # no thread of this process has begun a file in a folder that is looked through
        if path.parent not in _hidden:
            _hidden[path.parent] = set(path.parent.glob(f".*-{_MARK}"))
        left = {file for file in _hidden[path.parent] if file.name[: -len(_MARK)] == f".{path.name}-"}
        _hidden[path.parent] -= left
    for unfinished in left:
        with suppress(OSError), unfinished.open("r+b") as file:  # in use, or removed meanwhile
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unfinished.unlink()
