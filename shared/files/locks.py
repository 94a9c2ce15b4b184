"""Locks that the kernel releases when their process ends, however it ends."""

import fcntl
import json
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from shared.errors import UserError

_log = logging.getLogger(__name__)


class InUseError(UserError):
    """Another process works in the folder."""


class NoLocksError(UserError):
    """The disk has no locks."""


class FileLock:
    """A lock on a file that one process at a time holds; ``with`` waits for it.

    A POSIX record lock: gone with its process even after SIGKILL, not inherited by the loader's processes,
    and known to all machines that share the file by NFS. Locks of one process do not exclude each other.
    """

    def __init__(self, path: Path):
        self.path = path
        self.file: int | None = None  # a descriptor, which Python does not close by itself

    def acquire(self) -> bool:
        """Wait for the lock."""
        return self._take(fcntl.LOCK_EX)

    def try_acquire(self) -> bool:
        """Take the lock if no process holds it; returns whether it was taken."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _take(self, kind: int) -> bool:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be made: {error.strerror}; name another folder") from error
        try:
            fcntl.lockf(self.file, kind)
        except OSError as error:
            self.release()
            if isinstance(error, BlockingIOError | PermissionError):  # which of them, differs between systems
                return False
            reason = f"cannot be locked: {error.strerror}; name a folder on a disk that has locks"
            raise NoLocksError(f"{self.path}: {reason}") from error
        return True

    def release(self) -> None:
        """Release the lock."""
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


class JournalLock(FileLock):
    """The lock of a journal file; who takes it removes half a line that a killed process left at the end.

    Optuna's own locks are files: a killed process leaves them behind, and the next one waits half a minute.
    """

    def __init__(self, journal: Path):
        super().__init__(journal.with_name(f"{journal.name}.lock"))
        self.journal = journal

    def acquire(self) -> bool:
        """Wait for the lock, and repair the journal."""
        super().acquire()
        with self.journal.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            if end and file.read() != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        return True


@contextmanager
def held(folder: Path, first: bool = True) -> Iterator[None]:
    """Work alone in a folder: a second process is refused until this one has left it or died.

    Across the machines of a cluster this holds where the disk has such locks: NFS with a lock service, NFS 4,
    Lustre mounted with ``flock``. Where it has none, a warning says so.

    Args:
        folder: Made if it is not there.
        first: Of several processes that train one network together, the first holds the folder for all.

    Raises:
        InUseError: Another process, which the message names, works in it.
        UserError: The folder cannot be written.
    """
    if not first:
        yield
        return
    lock = FileLock(folder / ".lock")
    try:
        taken = lock.try_acquire()
    except NoLocksError as error:
        taken = True
        _log.warning("%s; nothing keeps a second process from working there", error)
    if not taken:
        try:
            holder = "process {pid} on {host}, since {since},".format(**json.loads(lock.path.read_text()))
        except (OSError, ValueError, KeyError, TypeError):  # a moment before it signs
            holder = "another process"
        raise InUseError(f"{folder}: {holder} works in it; wait until it has ended, or end it")
    if lock.file is not None:
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        signed = {"pid": os.getpid(), "host": platform.node(), "since": since}
        os.ftruncate(lock.file, 0)
        os.pwrite(lock.file, json.dumps(signed).encode(), 0)
    try:
        yield
    finally:
        lock.release()
