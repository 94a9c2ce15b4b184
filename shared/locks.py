"""Locks that the kernel gives back when their process ends, however it ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from shared.errors import UserError


class FileLock:
    """A lock on a file that one process at a time holds; ``with`` waits for it.

    A POSIX record lock: gone with its process even after SIGKILL, not inherited by the loader's processes,
    and known to all machines that share the file by NFS. Within one process it excludes nobody.
    """

    def __init__(self, path: Path):
        self.path = path
        self.file: int | None = None  # a descriptor, which nothing closes unasked

    def acquire(self) -> bool:
        """Wait for the lock."""
        return self._take(fcntl.LOCK_EX)

    def try_acquire(self) -> bool:
        """Take the lock if no process holds it, and say whether that was so."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _take(self, kind: int) -> bool:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"{self.path}: cannot be made: {error.strerror}; name another folder") from error
        try:
            fcntl.lockf(file, kind)
        except (BlockingIOError, PermissionError):  # which of them, differs between systems
            os.close(file)
            return False
        except OSError as error:
            os.close(file)
            raise UserError(
                f"{self.path}: cannot be locked: {error.strerror}; name a folder on a disk that has locks"
            ) from error
        self.file = file
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class JournalLock(FileLock):
    """The lock of a journal file; who takes it removes half a line that a killed process left at the end.

    Optuna's own locks are files: a killed process leaves them behind, and the next one waits half a minute.
    """

    def __init__(self, journal: Path):
        super().__init__(journal.with_name(f"{journal.name}.lock"))
        self.journal = journal

    def acquire(self) -> bool:
        """Wait for the lock, and mend the journal."""
        super().acquire()
        with self.journal.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            if end and file.read() != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        return True
