"""Compiling by numba, kept on disk between runs."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

SOURCES = ("state.py", "rules.py", "ladder.py", "planes.py", "position.py")
STAMP = hashlib.sha256(b"".join(Path(__file__).with_name(name).read_bytes() for name in SOURCES)).hexdigest()


def compiled(function: Function) -> Function:
    """Compile a function at its first call and keep the result on disk; it lets other threads run.

    numba takes its stored code for fresh while the function's own file has not changed, though what it calls
    in other files is part of that code. Here it is fresh while none of SOURCES has changed.
    """
    assert Path(function.__code__.co_filename).name in SOURCES
    dispatcher: Any = njit(cache=True, nogil=True)(function)
    dispatcher._cache._cache_file._source_stamp = STAMP
    return dispatcher
