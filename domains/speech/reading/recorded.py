"""The recordings of a user's path, decoded as a whole and cached."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.decode import CUT
from domains.speech.reading.recordings import Recordings, load, too_long
from shared.files import Arrays, cached_arrays, identities

VERSION = "clips-6"  # of the cached columns: increase it when their form or meaning changes


class Recorded:
    """R recordings, sorted by name.

    Args:
        path: a file, a folder or an archive, which is not unpacked to disk.
        rate: sample rate of the clips, in Hz.
        max_seconds: longer recordings are skipped.
        beside, most: as of ``Recordings.read``.
        cache: folder of the samples, see ``shared.files.cache_folder``.

    Attributes:
        samples: (R,) of int16 (samples,): mono, at one rate.
        names: (R,) of the files inside the path.
        identity: (R,) hash of the samples.
        file_rate: (R,) of the files, in Hz.
        beside: the other files that were asked for, by name.
        seen: what was skipped, and after reading what is used.

    Raises:
        UserError: nothing to read, or a broken archive.
    """

    def __init__(
        self,
        path: Path,
        rate: int,
        max_seconds: float,
        *,
        beside: tuple[str, ...] = (),
        most: int = 0,
        cache: Path | None = None,
    ):
        def read() -> Arrays:
            return _read(path, rate, max_seconds, beside, most)

        kind = f"{VERSION}-{rate}-{max_seconds:g}{'-beside' * bool(beside)}"
        columns = cached_arrays(read, path, kind, cache=cache)
        self.path, self.rate, self.max_seconds = path, rate, max_seconds
        self.seen = Recordings.of_array(columns["seen"])
        self.names: NDArray[np.str_] = columns["name"]
        self.identity: NDArray[np.uint64] = columns["identity"]
        self.file_rate: NDArray[np.int64] = columns["file_rate"]
        samples = np.split(columns["samples"], columns["start"][1:-1])
        self.samples = np.fromiter(samples, object, len(self.names))
        contents = np.split(columns["beside"], columns["beside_start"][1:-1])
        self.beside = dict(
            zip(columns["beside_name"].tolist(), (x.tobytes() for x in contents), strict=False)
        )
        self._damage, self._too_long = columns["damage"], columns["too_long"]

    def check_lengths(self, remedy: str) -> None:
        """Refuse data of which more than half are too long, by a ``UserError``."""
        if len(self._too_long):
            seconds = np.concatenate([self._too_long, [len(x) / self.rate for x in self.samples]])
            self.seen.check_share(
                too_long(self.max_seconds),
                f"{self.path}: median length {np.median(seconds):.1f} s; {remedy}, or set "
                f"data.max_seconds={math.ceil(float(np.quantile(seconds, 0.95)))} (now {self.max_seconds:g})",
            )

    def summary(self, used: NDArray[np.bool_]) -> list[str]:
        """What was read, skipped, and used although it is damaged."""
        minutes = sum(map(len, self.samples[used])) / self.rate / 60
        lines = [f"{self.path.name}: {self.seen.used:,} recordings used, {minutes:,.1f} minutes"]
        lines += self.seen.summary()
        for text, count in Counter(self._damage[used & (self._damage != "")].tolist()).most_common():
            use = "read up to the damage" if text == CUT else "used"
            first = self.names[used & (self._damage == text)][0]
            lines.append(f"{use}: {count:,} {text}, such as {first}")
        return lines


def _read(path: Path, rate: int, max_seconds: float, beside: tuple[str, ...], most: int) -> Arrays:
    seen = Recordings()
    read = seen.read(path, lambda data: load(data, rate, max_seconds), f"reading {path.name}", beside, most)
    recordings = sorted(read, key=lambda item: item[0])  # an archive may have any order
    samples = [audio.samples for _, audio in recordings]
    others = [np.frombuffer(content, np.uint8) for content in seen.beside.values()]
    return {
        "samples": np.concatenate([*samples, np.zeros(0, np.int16)]),
        "start": np.cumsum([0, *map(len, samples)]),
        "name": np.array([name for name, _ in recordings], str),
        "damage": np.array([audio.damage for _, audio in recordings], str),
        "file_rate": np.array([audio.rate for _, audio in recordings], np.int64),
        "identity": identities(x.tobytes() for x in samples),
        "too_long": np.array(seen.too_long, np.float64),
        "beside": np.concatenate([*others, np.zeros(0, np.uint8)]),
        "beside_start": np.cumsum([0, *map(len, others)]),
        "beside_name": np.array([*seen.beside], str),
        "seen": seen.array(),
    }
