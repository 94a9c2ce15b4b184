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

FOLDER = Path(__file__).parent
STAMP = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(FOLDER.glob("*.py")))).hexdigest()


class _Cache(FunctionCache):
    """numba's cache of one function, valid while no file of this folder has changed.

    numba checks the function's own file alone, though the code includes functions of other files.
    """

    def __init__(self, function: Callable[..., Any]):
        super().__init__(function)
        self._cache_file._source_stamp = STAMP

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        """Numba's hook around reading and writing: without a cache, the function is compiled again."""
        try:
            yield
        except Exception as error:  # disk errors, or damaged files
            _warn_once(self.cache_path, getattr(error, "strerror", None) or "damaged")


def compiled(function: Function) -> Function:
    """Compile a function of this folder at its first call, cached on disk; it releases the GIL."""
    dispatcher: Any = njit(nogil=True)(function)
    if dispatcher is not function:  # it is with NUMBA_DISABLE_JIT
        try:
            dispatcher._cache = _Cache(function)
        except RuntimeError:
            _warn_once(str(FOLDER), "neither this folder nor the user's cache folder is writable")
    return dispatcher


@functools.cache
def _warn_once(folder: str, reason: str) -> None:
    logging.getLogger(__name__).warning(
        "%s: %s; compiled code is not cached, so each process compiles again; set NUMBA_CACHE_DIR to "
        "another folder",
        folder,
        reason,
    )
