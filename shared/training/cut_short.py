"""A training that ends early is reported in one line: the reason, what is saved, and how to resume."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.config import Stopped, command_line, outside_cause, stop_behind
from shared.errors import PlaceError, UserError
from shared.runs import Run


class RunPlace:
    """A run's folder, which may be moved or removed while its run is trained.

    ``again`` says what to do to resume, where that is more than to resume this run.
    """

    def __init__(self, folder: Path, again: str | None):
        self.folder, self.again = folder, again
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the folder."""
        os.close(self._descriptor)

    @property
    def here(self) -> bool:
        """Whether the folder lies where the training began."""
        try:
            return os.path.samestat(self.folder.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def saved(self) -> str:
        """What is saved, and the line to resume with."""
        if self.here:
            return self._saved(self.folder, self.again)
        if not os.fstat(self._descriptor).st_nlink:
            return f"{self.folder}: was removed while its run was trained, with all that was saved"
        link = Path(f"/proc/self/fd/{self._descriptor}")  # Linux knows its name
        if not link.is_symlink():
            return f"{self.folder}: was moved while its run was trained; resume it with resume=NEW_FOLDER"
        moved = link.readlink()
        return f"{self.folder}: was moved to {moved} while its run was trained; {self._saved(moved, None)}"

    def _saved(self, folder: Path, again: str | None) -> str:
        epochs = saved_epochs(folder)
        number = {0: "no epoch had ended, so nothing is saved", 1: "1 epoch is saved"}
        words = number.get(epochs, f"{epochs} epochs are saved")
        return f"{words}; {again or 'resume with: ' + command_line('train', resume=folder)}"


def saved_epochs(folder: Path) -> int:
    """The number of epochs that are saved in a run's folder."""
    try:
        return int(Run(folder).state()["epoch"]) + 1
    except UserError:
        return 0


@contextmanager
def resumable(run: Run, *, first: bool, again: str | None = None) -> Iterator[None]:
    """Around a training: whatever cuts it short is reported with what is saved, and the line to resume with.

    ``first`` is true in the process that writes and prints; ``again`` as in ``RunPlace``.

    Raises:
        PlaceError: The disk is full or read-only, or the folder was moved or removed.
        UserError: Memory was short, a loader process was killed, or another process of the training ended.
        Stopped: By a signal.
    """
    place = RunPlace(run.folder, again) if first else None
    began = saved_epochs(run.folder) if first else 0
    before = threading.excepthook
    # A thread writes TensorBoard's events; what it fails with, the training raises as well.
    threading.excepthook = lambda failed: None if isinstance(failed.exc_value, OSError) else before(failed)
    try:
        yield
    except BaseException as error:
        reason = outside_cause(error) if isinstance(error, Exception) else None
        if stop := stop_behind(error):
            raise Stopped.saying(f"\nstopped; {place.saved()}" if place else "", stop) from None
        if not isinstance(error, Exception):
            raise
        if place and not place.here:
            raise PlaceError(place.saved()) from error
        saved = [place.saved()] if place else []
        if reason is None:
            error.add_note("".join(saved))
            raise
        if type(error) is UserError and place and saved_epochs(run.folder) == began:
            raise  # a mistake that resuming would only repeat
        kind = PlaceError if isinstance(error, OSError | PlaceError) else UserError
        raise kind(reason, *saved) from error
    finally:
        threading.excepthook = before
        if place:
            place.close()
