"""Arrays that are made from a user's files are kept until the files change."""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import platformdirs

from shared.files.archive import files
from shared.files.atomic import writing
from shared.files.inventory import Inventory

Arrays = dict[str, np.ndarray]

_log = logging.getLogger(__name__)


def cache_folder(chosen: Path | None = None) -> Path:
    """The cache folder: the one chosen, else the environment's CONVOLUTIONS_CACHE, else the user's own."""
    named = os.environ.get("CONVOLUTIONS_CACHE")
    return chosen or (Path(named) if named else platformdirs.user_cache_path("convolutions"))


def is_cache(folder: Path) -> bool:
    """Whether a folder holds cached arrays."""
    return any(re.fullmatch(r"[a-z0-9-]+-[0-9a-f]{24}\.npz", file.name) for file in folder.glob("*.npz"))


def cached_arrays(
    make: Callable[[], Mapping[str, np.ndarray]], source: Path, kind: str, *, cache: Path | None = None
) -> Arrays:
    """The arrays that ``make()`` makes of a user's path, from the cache if the path has not changed since.

    A damaged file in the cache is made anew; a cache that cannot be written to costs time, not the run.

    Args:
        make: reads ``source``.
        source: file or folder; known again by its absolute path and by size and time of all its files.
        kind: what is made, and the version of its form, such as ``games-1``: it begins the file's name.
        cache: as ``chosen`` of ``cache_folder``.

    Raises:
        UserError: ``source`` is missing; and what ``make`` raises.
    """
    file = cache_folder(cache) / f"{kind}-{_stamp(source)}.npz"
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            return dict(stored)
    except OSError:  # nothing is kept yet, or nothing can be
        pass
    except Exception as error:  # numpy and zipfile raise many kinds for damaged bytes
        _log.warning("%s: damaged (%s); made anew", file, error)
    arrays = dict(make())
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with writing(file) as out:
            np.savez(out, allow_pickle=False, **arrays)
    except OSError as error:
        _log.warning("%s: cannot be written (%s); it will be read again next time", file, error.strerror)
    return arrays


def _stamp(source: Path) -> str:
    digest = hashlib.sha256(os.fsencode(source.absolute()))
    seen = Inventory()
    for file in files(source, seen=seen):
        if file.exists():  # else a link that leads nowhere, for the reader to report
            stat = file.stat()
            name = os.fsencode(file.relative_to(source))
            digest.update(b"\0" + name + f"\0{stat.st_size}\0{stat.st_mtime_ns}".encode())
    digest.update(seen.array().tobytes())  # empty folders and whatever else is passed over
    return digest.hexdigest()[:24]
