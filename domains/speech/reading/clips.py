"""Recordings of words as arrays, with the word and speaker from their names."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.decode import REMEDY, is_loss
from domains.speech.reading.labels import is_background, labels_of, propose_pattern
from domains.speech.reading.recorded import Recorded
from shared.files import check_folders


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
    read = Recorded(path, rate, max_seconds, cache=cache)
    names, seen = read.names.tolist(), read.seen
    labels = labels_of(names, pattern)
    for name, reason in zip(names, labels.reason.tolist(), strict=True):
        if reason:
            seen.skip(name, reason)
        else:
            seen.use(name)
    read.check_lengths("cut them into words")
    if not seen.used:
        hints = [f"data.pattern={pattern.pattern}"] if pattern else []
        hints += [f"sort them as WORD/recording.wav, or give {propose_pattern(names)}"] if names else []
        raise seen.none_usable(path, "recordings of words", *hints)
    folders = [] if pattern else check_folders(seen, path, is_loss, f"repair them or {REMEDY}", is_background)
    seen.refuse(strict)
    used = labels.reason == ""
    clips = Clips(read.samples, labels.word, labels.speaker, labels.split, read.names, read.identity)
    return clips.only(used), "\n".join([*read.summary(used), *labels.remarks, *folders])
