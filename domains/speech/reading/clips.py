"""Recordings of words as arrays, with the word and speaker from their names; cached."""

import math
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.decode import CUT, REMEDY, is_loss
from domains.speech.reading.labels import is_background, labels_of, propose_pattern
from domains.speech.reading.recordings import Recordings, load, too_long
from shared.files import Arrays, cached_arrays, check_folders, identities

VERSION = "clips-5"  # of the cached columns: increase it when their form or meaning changes


class Clips(NamedTuple):
    """C clips."""

    samples: NDArray[np.object_]  # (C,) of int16 (samples,): mono, at one rate
    label: NDArray[np.str_]  # (C,) the word
    speaker: NDArray[np.str_]  # (C,) empty if unknown
    split: NDArray[np.str_]  # (C,) official: train, val or test; empty if none
    name: NDArray[np.str_]  # (C,) of the file inside the folder or archive
    identity: NDArray[np.uint64]  # (C,) hash of the samples

    def only(self, chosen: NDArray[np.bool_]) -> "Clips":
        """The chosen clips (C,)."""
        return Clips._make(column[chosen] for column in self)

    def and_then(self, more: "Clips") -> "Clips":
        """These clips followed by others of the same rate."""
        return Clips._make(map(np.append, self, more))


def read_clips(
    path: Path,
    rate: int,
    *,
    pattern: re.Pattern[str] | None,
    max_seconds: float,
    strict: bool = False,
    cache: Path | None = None,
) -> tuple[Clips, str]:
    """Read a file, a folder, or an archive (zip, tar, tar.gz, tar.xz, tar.bz2), sorted by name.

    Args:
        path: what to read; an archive is not unpacked to disk.
        rate: sample rate of the clips, in Hz.
        pattern: is searched in file names, with a group ``label`` and, where the names hold it, ``speaker``;
            other files are skipped. None: folders are the words.
        max_seconds: longer recordings are skipped.
        strict: refuse the first unusable file instead of skipping it.
        cache: folder of the samples, see ``shared.files.cache_folder``.

    Returns:
        The clips, and a summary of what was read and what was skipped.

    Raises:
        UserError: nothing to read, a broken archive, no usable clip, more than half of the recordings too
            long, a word's folder without a usable recording; with ``strict`` any skipped file.
    """
    version = f"{VERSION}-{rate}-{max_seconds:g}"
    columns = cached_arrays(lambda: _read(path, rate, max_seconds), path, version, cache=cache)
    names, damage, seen = columns["name"].tolist(), columns["damage"], Recordings.of_array(columns["seen"])
    labels = labels_of(names, pattern)
    for name, reason in zip(names, labels.reason.tolist(), strict=True):
        if reason:
            seen.skip(name, reason)
        else:
            seen.use(name)
    if len(columns["too_long"]):
        seconds = np.concatenate([columns["too_long"], np.diff(columns["start"]) / rate])
        seen.check_share(
            too_long(max_seconds),
            f"{path}: median length {np.median(seconds):.1f} s; cut them into words, or set "
            f"data.max_seconds={math.ceil(float(np.quantile(seconds, 0.95)))} (now {max_seconds:g})",
        )
    if not seen.used:
        hints = [f"data.pattern={pattern.pattern}"] if pattern else []
        hints += [f"sort them as WORD/recording.wav, or give {propose_pattern(names)}"] if names else []
        raise seen.none_usable(path, "recordings of words", *hints)
    folders = [] if pattern else check_folders(seen, path, is_loss, f"repair them or {REMEDY}", is_background)
    seen.refuse(strict)
    samples = np.fromiter(np.split(columns["samples"], columns["start"][1:-1]), object, len(names))
    used = labels.reason == ""
    minutes = sum(map(len, samples[used])) / rate / 60
    lines = [f"{path.name}: {seen.used:,} recordings used, {minutes:,.1f} minutes", *seen.summary()]
    for text, count in Counter(damage[used & (damage != "")].tolist()).most_common():
        use = "read up to the damage" if text == CUT else "used"
        lines.append(f"{use}: {count:,} {text}, such as {columns['name'][used & (damage == text)][0]}")
    clips = Clips(samples, labels.word, labels.speaker, labels.split, columns["name"], columns["identity"])
    return clips.only(used), "\n".join([*lines, *labels.remarks, *folders])


def _read(path: Path, rate: int, max_seconds: float) -> Arrays:
    seen = Recordings()
    read = seen.read(path, lambda data: load(data, rate, max_seconds), f"reading {path.name}")
    recordings = sorted(read, key=lambda item: item[0])  # an archive may have any order
    samples = [audio.samples for _, audio in recordings]
    return {
        "samples": np.concatenate([*samples, np.zeros(0, np.int16)]),
        "start": np.cumsum([0, *map(len, samples)]),
        "name": np.array([name for name, _ in recordings], str),
        "damage": np.array([audio.damage for _, audio in recordings], str),
        "identity": identities(x.tobytes() for x in samples),
        "too_long": np.array(seen.too_long, np.float64),
        "seen": seen.array(),
    }
