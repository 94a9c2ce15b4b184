"""One recording: any rate, width and number of channels in, mono at one rate out."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torchaudio.functional import resample

from domains.speech.reading.decode import SUFFIXES, Recording, UnusableError, opened, remedies
from shared.errors import UserError
from shared.files import Inventory, files, is_archive, members, nothing, printable

FULL = 2**15  # int16 of a wave of amplitude 1
MOST = 2**25  # samples of a recording that is held as a whole: 12 minutes at 44,100 Hz


class Source(NamedTuple):
    """A file of a user's path: its name inside it, where its bytes are, and the share of the whole so far."""

    name: str
    data: Path | bytes
    done: float


class Audio(NamedTuple):
    """Mono samples, and what is to be said of a damaged file (see ``Recording.damage``)."""

    samples: NDArray[np.int16]
    damage: str


def sources(path: Path, seen: Inventory) -> Iterator[Source]:
    """The recordings of a path; files on disk are not read yet, so that a long one costs no memory.

    Args:
        path: a file, a folder or an archive.
        seen: where each file that is no recording is noted.

    Raises:
        UserError: nothing there, or a broken or harmful archive (see ``archive.members``).
    """
    if path.is_file() and is_archive(path):
        yield from (Source(*member) for member in members(path, SUFFIXES, seen=seen))
        return
    found = files(path, SUFFIXES, seen=seen)
    if not found:
        raise UserError(";".join([str(nothing(path, SUFFIXES, seen)), *remedies(seen.skipped)]))
    for number, file in enumerate(found, start=1):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        yield Source(printable(name), file, number / len(found))


def load(data: Path | bytes, rate: int, longest: float) -> Audio:
    """A whole recording of at most ``longest`` seconds; of a longer one no more than that is ever read.

    Raises:
        UnusableError: as ``opened``; no samples, too long, not numbers, or silence.
    """
    with opened(data) as file:
        limit = int(longest * file.rate)
        if min(file.frames, limit) > MOST:
            raise UnusableError("too many samples", f"{file.frames:,}, and {MOST:,} is the most")
        x = file.mono(min(file.frames, limit + 1))
        if len(x) > limit:
            raise UnusableError(too_long(longest), f"{file.seconds:.1f} s", file.seconds)
        found, damage = file.rate, file.damage()
    if not len(x):
        raise UnusableError("no samples", "a header with no sound after it")
    samples = whole(at_rate(x, found, rate))
    if not sounding(samples[None])[0]:
        raise UnusableError("silence", "all samples are alike")
    return Audio(samples, damage)


def sounding(x: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Whether each stretch (N, samples) moves at all: neither silence nor a constant."""
    return x.any(1) & ((x != x[:, :1]).any(1) | (x.shape[1] == 1))


def too_long(seconds: float) -> str:
    """The reason of a recording above a limit, as summaries count it."""
    return f"longer than {seconds:g} s"


def at_rate(x: NDArray[np.float32], found: int, rate: int) -> NDArray[np.float32]:
    """Samples at another rate, band-limited; at least one."""
    # Of an odd rate the nearest ratio of small numbers, off by a millionth at most: the exact filter of
    # 44,101 Hz would fill the memory.
    ratio = Fraction(rate, found).limit_denominator(1000)
    if ratio == 1:
        return x
    if not x.any():
        return np.zeros(-(-len(x) * ratio.numerator // ratio.denominator), np.float32)
    return resample(torch.from_numpy(x), ratio.denominator, ratio.numerator).numpy()


def whole(x: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples as the 16-bit numbers that batches are made of; what is louder than full scale is clipped."""
    return np.round(np.clip(x, -1, (FULL - 1) / FULL) * FULL).astype(np.int16)


def blocks(
    file: Recording, rate: int, seconds: float, overlap: float
) -> Iterator[tuple[int, NDArray[np.int16]]]:
    """A long recording a block at a time, so that its length costs no memory.

    Args:
        file: open.
        rate: of the samples given, in Hz.
        seconds: from the start of a block to that of the next.
        overlap: seconds that a block goes on into the next.

    Yields:
        The number of a block's first sample, and its samples.

    Raises:
        UnusableError: as ``Recording``.
    """
    file.check_work()
    x = np.zeros(0, np.float32)
    for number in itertools.count():
        start, end = round(number * seconds * file.rate), round((number + 1) * seconds * file.rate)
        fresh = file.mono(end - start + round(overlap * file.rate) - len(x))
        if not len(fresh):
            return
        x = np.concatenate([x, fresh])
        yield round(number * seconds * rate), whole(at_rate(x, file.rate, rate))
        x = x[end - start :]
