"""A training that ends early is reported in one line: the reason, what is saved, and how to resume."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.config import Stopped, outside_cause, stop_behind
from shared.errors import PlaceError, UserError
from shared.runs import Run
from shared.training.place import RunPlace


@contextmanager
def resumable(run: Run, *, first: bool, again: str | None = None) -> Iterator[None]:
    """Around a training: whatever cuts it short is reported with what is saved, and the line to resume with.

    Args:
        run: Its folder is there.
        first: Whether this is the process that writes and prints.
        again: What to do to resume, where that is more than to resume this run.

    Raises:
        PlaceError: The disk is full or read-only, or the folder was moved or removed.
        UserError: Memory was short, a loader process was killed, or another process of the training ended.
        Stopped: By a signal.
    """
    place = RunPlace(run.folder, again) if first else None
    began = place.epochs() if place else 0
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
        if place and type(error) is UserError and place.epochs() == began:
            raise  # a mistake that resuming would only repeat
        kind = PlaceError if isinstance(error, OSError | PlaceError) else UserError
        raise kind(reason, *saved) from error
    finally:
        threading.excepthook = before
        if place:
            place.close()
