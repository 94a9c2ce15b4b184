"""A file of arrays of unknown origin, read within limits: numpy's ``.npz``, without numpy's own reader.

That one makes an array as large as its header says, before it sees that the file is shorter.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from shared.errors import UserError, named

LIMIT = 2**30  # bytes of all arrays together
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def write_arrays(file: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an open file; the same arrays make the same bytes."""
    np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(path: Path, kinds: Mapping[str, tuple[Any, int]], hint: str) -> dict[str, np.ndarray]:
    """The arrays of a file, which must have all of the named ones and no other.

    Args:
        path: The file.
        kinds: The type of each array's numbers, and its number of axes.
        hint: What to do about a file that holds other arrays.

    Raises:
        UserError: The file is broken or too large, or holds other arrays.
    """
    with named(path):
        try:
            with zipfile.ZipFile(path) as stored:
                entries = {entry.filename.removesuffix(".npy"): entry for entry in stored.infolist()}
                if sorted(entries) != sorted(kinds) or len(stored.infolist()) != len(kinds):
                    raise UserError(f"must hold the arrays {', '.join(sorted(kinds))}, got others; {hint}")
                if (size := sum(entry.file_size for entry in entries.values())) > LIMIT:
                    raise UserError(f"must have at most {LIMIT:,} bytes of arrays, got {size:,}")
                return {name: _array(name, stored.read(entries[name]), *kinds[name]) for name in kinds}
        except _BROKEN as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"must be a file of arrays, got a broken or truncated one ({reason})") from error


def _array(name: str, data: bytes, kind: Any, axes: int) -> np.ndarray:
    file, must = io.BytesIO(data), f"{name}: must be {np.dtype(kind)} of {axes} axes"
    if (version := npy.read_magic(file)) != (1, 0):
        raise UserError(f"{must}, got version {version} of numpy's format")
    shape, by_columns, own = npy.read_array_header_1_0(file)
    if own != np.dtype(kind) or len(shape) != axes or by_columns:
        raise UserError(f"{must}, got {str(own)[:80]} of {len(shape)}")
    if math.prod(shape) * own.itemsize != len(data) - file.tell() or min(shape) < 0:
        raise UserError(f"{must}, got {len(data) - file.tell():,} bytes for another number of values")
    return np.frombuffer(data, own, offset=file.tell()).reshape(shape).copy()
