"""Compilation by numba, cached on disk if possible."""

import contextlib
import functools
import hashlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core.caching import FunctionCache

Function = TypeVar("Function", bound=Callable[..., Any])

SOURCES = ("move.py", "state.py", "rules.py", "ladder.py", "planes.py", "position.py")
STAMP = hashlib.sha256(b"".join(Path(__file__).with_name(name).read_bytes() for name in SOURCES)).hexdigest()

_log = logging.getLogger(__name__)


class _Cache(FunctionCache):
    """numba's cache of one function; if it cannot be read or written, the function is compiled again.

    numba only checks that the function's own file has not changed, though cached code includes functions that
    it calls in other files. Here a cache is valid while none of SOURCES has changed.
    """

    def __init__(self, function: Callable[..., Any]):
        super().__init__(function)
        self._cache_file._source_stamp = STAMP

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        """Numba's hook around reading and writing: an error costs time, not the command."""
        try:
            yield
        except Exception as error:  # disk errors, or damaged files
            _warn_once(self.cache_path, getattr(error, "strerror", None) or "damaged")


def compiled(function: Function) -> Function:
    """Compile a function at its first call, cached on disk; it releases the GIL."""
    assert Path(function.__code__.co_filename).name in SOURCES
    dispatcher: Any = njit(nogil=True)(function)
    if dispatcher is function:  # NUMBA_DISABLE_JIT
        return function
    try:
        dispatcher._cache = _Cache(function)
    except RuntimeError:  # no writable folder
        _warn_once(str(Path(__file__).parent), "neither this folder nor the user's cache folder is writable")
    return dispatcher


@functools.cache
def _warn_once(folder: str, reason: str) -> None:
    _log.warning(
        "%s: %s; compiled code is not cached, so each process compiles again; set NUMBA_CACHE_DIR to "
        "another folder",
        folder,
        reason,
    )
