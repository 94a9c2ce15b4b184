"""What cuts a training short, in one line: why, what is saved, and how to resume."""

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from shared.config.paste import command_line
from shared.config.stopping import Stopped
from shared.errors import PlaceError, UserError
from shared.run import Run

NO_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)
OTHER_PROCESS = re.compile(r"closed by peer|connection reset|socket|remote error|nccl|gloo", re.IGNORECASE)
WORKER = re.compile(r"DataLoader worker \(pid.*?\) (is killed by signal: ([\w ]+)|exited unexpectedly)")


@contextmanager
def resumable(run: Run, *, first: bool) -> Iterator[None]:
    """Around a training: whatever cuts it short is reported with what is saved, and the line to resume with.

    Args:
        run: Its folder is there.
        first: Whether this is the process that writes and prints.

    Raises:
        PlaceError: The disk is full or read-only, or the folder was moved or removed.
        UserError: Memory was short, a loader process was killed, or another process of the training ended.
        Stopped: By a signal.
    """
    place = _Place(run.folder) if first else None
    before = threading.excepthook
    # A thread writes TensorBoard's events; what it fails with, the training raises as well.
    threading.excepthook = lambda failed: None if isinstance(failed.exc_value, OSError) else before(failed)
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        stop = end.__context__ if isinstance(end, SystemExit) else end  # Lightning ends so at Ctrl-C
        if not isinstance(stop, KeyboardInterrupt):
            raise
        raise Stopped.saying(f"\nstopped; {place.saved()}" if place else "", stop) from None
    except Exception as error:
        if place is None:
            saved = ""
        elif place.here:
            saved = "; " + place.saved()
        else:
            raise PlaceError(place.saved()) from error
        reason = _reason(error)
        if reason is None:  # a defect of ours
            error.add_note(saved[2:])
            raise
        if place and type(error) is UserError and not place.epochs():
            saved = ""  # a mistake that resuming would only repeat
        raise (PlaceError if isinstance(error, OSError | PlaceError) else UserError)(
            reason + saved
        ) from error
    finally:
        threading.excepthook = before
        if place:
            place.close()


class _Place:
    """A run's folder, which may be moved or removed while its run is trained."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
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
            return _saved(self.folder, self.epochs())
        if not os.fstat(self._descriptor).st_nlink:
            return f"{self.folder}: was removed while its run was trained, with all that was saved"
        link = Path(f"/proc/self/fd/{self._descriptor}")  # Linux knows its name
        if not link.is_symlink():
            return (
                f"{self.folder}: was moved while its run was trained; resume the run with resume=NEW_FOLDER"
            )
        moved = link.readlink()
        saved = _saved(moved, self.epochs(moved))
        return f"{self.folder}: was moved to {moved} while its run was trained; {saved}"

    def epochs(self, folder: Path | None = None) -> int:
        """How many are saved."""
        try:
            return int(Run(folder or self.folder).checkpoint("last")["epoch"]) + 1
        except UserError:
            return 0


def _saved(folder: Path, epochs: int) -> str:
    number = {0: "no epoch had ended, so nothing is saved", 1: "1 epoch is saved"}
    words = number.get(epochs, f"{epochs} epochs are saved")
    return f"{words}; resume with: {command_line('train', resume=folder)}"


def _reason(error: Exception) -> str | None:
    """The cause in one line; None if it is a defect of ours."""
    text = str(error)
    if text.startswith("Caught "):  # in a loader process, whose whole traceback the message holds
        text = text.strip().splitlines()[-1].split(": ", 1)[-1]
    if isinstance(error, UserError):
        return text
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or NO_MEMORY.search(text):
        return f"data.batch_size: out of memory ({_first_line(text)}); give a smaller one"
    alone = not (torch.distributed.is_available() and torch.distributed.is_initialized())
    worker = WORKER.search(_chain(error))
    if worker or (alone and isinstance(error, ConnectionError | EOFError)):
        time.sleep(0.5)  # SLURM stops the loader's processes too, and ours a moment later
        by = f"by signal: {worker[2].strip()}" if worker and worker[2] else "unexpectedly"
        return f"data.workers: a loader process was ended {by}, as happens where memory is short"
    if not alone and isinstance(error, RuntimeError | OSError) and OTHER_PROCESS.search(text):
        return "another process of this training ended"
    if isinstance(error, OSError) and error.errno:
        return f"{error.filename or 'disk'}: {error.strerror}"
    return None


def _chain(error: BaseException | None) -> str:
    """The messages of an exception and of those behind it."""
    messages = []
    while error:
        messages.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(messages)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:200] if text.strip() else "no more was said"
