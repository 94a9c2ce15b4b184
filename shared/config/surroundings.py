"""Failures of what surrounds a command, none of them a defect of ours: memory, disks, other processes."""

import errno
import re
import sys
import time
from contextlib import suppress
from typing import cast

from shared.config.stopping import Stopped
from shared.errors import UserError

NO_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)
OTHER_PROCESS = re.compile(r"closed by peer|connection reset|socket|remote error|nccl|gloo", re.IGNORECASE)
WORKER = re.compile(r"DataLoader worker \(pid.*?\) (is killed by signal: ([\w ]+)|exited unexpectedly)")


def outside_cause(error: Exception, key: str = "data.batch_size") -> str | None:
    """What failed in one line, if it is a mistake of the user or of the surroundings; else None.

    ``key`` is what needs less memory when it is smaller.
    """
    text = str(error)
    if text.startswith("Caught "):  # in a loader process, whose traceback the message holds
        text = text.strip().splitlines()[-1].split(": ", 1)[-1]
    if isinstance(error, UserError):
        return text
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and NO_MEMORY.search(text)):
        reason = f" ({text.strip().splitlines()[0][:200]})" if text.strip() else ""
        return f"{key}: out of memory{reason}; give less"
    torch = sys.modules.get("torch.distributed")
    distributed = torch and torch.is_available() and torch.is_initialized()
    messages, behind = "", cast(BaseException | None, error)  # of the exception and of those behind it
    while behind:
        messages, behind = f"{messages}\n{behind}", behind.__cause__ or behind.__context__
    worker = WORKER.search(messages)
    if worker or (not distributed and isinstance(error, ConnectionResetError | EOFError)):
        _wait()
        by = f"by signal: {worker[2].strip()}" if worker and worker[2] else "unexpectedly"
        return f"data.workers: a loader process was ended {by}, as happens where memory is short"
    if distributed and isinstance(error, RuntimeError | OSError) and OTHER_PROCESS.search(text):
        return "another process of this training ended"
    if isinstance(error, OSError) and error.errno not in (None, errno.EPIPE):
        return f"{error.filename or 'disk'}: {error.strerror}"
    return None


def _wait() -> None:
    """A signal to all processes reaches this one as well, and is the better reason.

    Whenever a further one of its processes has ended, the loader raises its error anew, wherever we are.
    """
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        with suppress(RuntimeError, Stopped):  # which stop_behind finds
            time.sleep(max(end - time.monotonic(), 0))
