"""Recordings with labels over time in files beside them."""

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.alignment import (
    LABEL_SUFFIXES,
    MAX_BYTES,
    Alignment,
    read_alignment,
    suffixes_for,
)
from domains.speech.reading.clips import Clips
from domains.speech.reading.decode import UnusableError
from domains.speech.reading.labels import speakers_of
from domains.speech.reading.recorded import Recorded

UNLABELLED, NO_TIMES = "no labels beside the recording", "labels without times"


class Aligned(NamedTuple):
    """C clips, whose words are empty, with their labels over time (C,)."""

    clips: Clips
    alignments: NDArray[np.object_]

    def only(self, chosen: NDArray[np.bool_]) -> "Aligned":
        """The chosen clips (C,)."""
        return Aligned(self.clips.only(chosen), self.alignments[chosen])


def read_aligned(
    path: Path,
    rate: int,
    *,
    pattern: re.Pattern[str] | None,
    tier: str,
    transcripts: bool,
    max_seconds: float,
    strict: bool = False,
    cache: Path | None = None,
) -> tuple[Aligned, str]:
    """Read a folder or an archive of recordings with NAME.TextGrid, .phn, .wrd, .lab or .txt beside NAME.wav.

    Args:
        path: what to read.
        rate: sample rate of the clips, in Hz.
        pattern: is searched in file names, with a group ``speaker``; other files are skipped. None: folders
            are the speakers.
        tier: of a TextGrid; ``phones`` reads .phn, ``words`` .wrd.
        transcripts: whether labels without times are used.
        max_seconds: longer recordings are skipped.
        strict: refuse the first unusable recording instead of skipping it.
        cache: folder of the samples, see ``shared.files.cache_folder``.

    Returns:
        The clips and labels, and a summary of what was read and what was skipped.

    Raises:
        UserError: as ``read_clips``; no recording with usable labels.
    """
    read = Recorded(path, rate, max_seconds, beside=LABEL_SUFFIXES, most=MAX_BYTES, cache=cache)
    names, seen = read.names.tolist(), read.seen
    labels = speakers_of(names, pattern)
    files = {_key(name, PurePosixPath(name).suffix): name for name in read.beside}
    alignments = np.full(len(names), None, object)
    taken = set()
    for number, (name, reason) in enumerate(zip(names, labels.reason.tolist(), strict=True)):
        beside = [files[key] for suffix in suffixes_for(tier) if (key := _key(name, suffix)) in files]
        try:
            if reason:
                raise UnusableError(reason, "")
            if not beside:
                raise UnusableError(UNLABELLED, f"must have {_suffixes(tier)} of its name")
            taken.add(beside[0])
            seconds, file_rate = len(read.samples[number]) / rate, int(read.file_rate[number])
            alignment = read_alignment(
                beside[0], read.beside[beside[0]], tier, rate=file_rate, seconds=seconds
            )
            if not transcripts and not alignment.timed:
                raise UnusableError(NO_TIMES, f"{beside[0]}: must have times, or give training.loss=ctc")
        except UnusableError as error:
            seen.skip(name, error.reason, error.detail)
        else:
            seen.use(name)
            alignments[number] = alignment
    read.check_lengths("cut them at pauses")
    if not seen.used:
        wanted = f"recordings with labels beside them (NAME{_suffixes(tier)})"
        raise seen.none_usable(path, wanted, f"data.tier={tier}")
    seen.refuse(strict)
    used = alignments != None  # noqa: E711  # of each
    clips = Clips(read.samples, labels.word, labels.speaker, labels.split, read.names, read.identity)
    aligned = Aligned(clips, alignments).only(used)
    lines = [*read.summary(used), *_described(aligned.alignments.tolist()), *labels.remarks]
    unused = Counter(PurePosixPath(name).suffix.lower() for name in read.beside if name not in taken)
    if unused:
        counts = ", ".join(f"{count:,} {suffix}" for suffix, count in unused.most_common())
        first = next(name for name in read.beside if name not in taken)
        lines.append(f"label files that are not read: {counts}, such as {first}")
    return aligned, "\n".join(lines)


def _key(name: str, suffix: str) -> str:
    """The name of a recording's label file as it is looked up: upper case on the CD of TIMIT."""
    return f"{PurePosixPath(name).with_suffix('')}{suffix}".casefold()


def _suffixes(tier: str) -> str:
    *others, last = [".TextGrid" if suffix == ".textgrid" else suffix for suffix in suffixes_for(tier)]
    return f"{', '.join(others)} or {last}"


def _described(alignments: list[Alignment]) -> list[str]:
    timed = [alignment for alignment in alignments if alignment.timed]
    overlaps = sum(int((one.end[:-1] > one.start[1:]).sum()) for one in timed)
    lines = [f"labels: {sum(int((one.label != '').sum()) for one in alignments):,}"]
    if len(timed) < len(alignments):
        lines[0] += f"; {len(alignments) - len(timed):,} recordings without times"
    if overlaps:
        lines.append(f"labels that overlap: {overlaps:,}; the boundary is in the middle")
    return lines
