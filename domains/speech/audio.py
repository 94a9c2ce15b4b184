"""One recording: any rate, width and number of channels in, mono at one rate out."""

import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torchaudio.functional import resample

from shared.archive import files, is_archive, members, printable
from shared.errors import UserError

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
RATES = (1_000, 1_000_000)  # Hz: a header that says another rate is damaged
FULL = 2**15  # int16 of a wave of amplitude 1
# libsndfile goes on with what a WAV file holds, and notes where its header promised more.
_PROMISED_MORE = re.compile(r"^data : \d+ \(should be", re.MULTILINE)


class UnusableError(Exception):
    """A recording that nothing can be made of: the reason that a summary counts, and what was found."""

    def __init__(self, reason: str, found: str):
        super().__init__(f"{reason}: {found}")
        self.reason, self.found = reason, found


class Source(NamedTuple):
    """A file of a user's path: its name inside it, where its bytes are, and the share of the whole so far."""

    name: str
    data: Path | bytes
    done: float


class Audio(NamedTuple):
    """Mono samples, and whether the file ends before its header says."""

    samples: NDArray[np.int16]
    cut: bool


def sources(path: Path) -> Iterator[Source]:
    """The recordings of a path; files on disk are not read yet, so that a long one costs no memory.

    Raises:
        UserError: nothing there, or a broken or harmful archive (see ``archive.members``).
    """
    if path.is_file() and is_archive(path):
        yield from (Source(*member) for member in members(path, SUFFIXES))
        return
    found = files(path, SUFFIXES)
    if not found:
        raise UserError(f"{path}: no file in it that ends in {' or '.join(SUFFIXES)}")
    for number, file in enumerate(found, start=1):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        yield Source(printable(name), file, number / len(found))


@contextmanager
def opened(data: Path | bytes) -> Iterator[soundfile.SoundFile]:
    """A recording, open to be read.

    Raises:
        UnusableError: empty, not audio, or of no rate that audio has.
    """
    try:
        with data.open("rb") if isinstance(data, Path) else io.BytesIO(data) as stream:
            if not stream.read(1):
                raise UnusableError("empty", "a file of no bytes")
            stream.seek(0)
            with soundfile.SoundFile(stream) as file:
                if not RATES[0] <= file.samplerate <= RATES[1]:
                    raise UnusableError("sample rate", f"{file.samplerate:,} Hz")
                yield file
    except soundfile.LibsndfileError as error:
        raise UnusableError("unreadable", error.error_string) from error
    except OSError as error:
        raise UnusableError("unreadable", str(error.strerror)) from error


def load(data: Path | bytes, rate: int, longest: float) -> Audio:
    """A whole recording of at most ``longest`` seconds; of a longer one no more than that is ever read.

    Raises:
        UnusableError: as ``opened``; no samples, too long, not numbers, or silence.
    """
    with opened(data) as file:
        limit = int(longest * file.samplerate)
        promised = file.frames
        x = mono(file, min(promised, limit + 1))
        if len(x) > limit:
            raise UnusableError(f"longer than {longest:g} s", f"{promised / file.samplerate:.1f} s")
        cut = len(x) < promised or bool(_PROMISED_MORE.search(file.extra_info))
        found = file.samplerate
    if not len(x):
        raise UnusableError("no samples", "a header with no sound after it")
    if not x.any():
        raise UnusableError("silence", "all samples are 0")
    return Audio(whole(at_rate(x, found, rate)), cut)


def mono(file: soundfile.SoundFile, frames: int) -> NDArray[np.float32]:
    """The next frames (samples,), the mean of all channels, full scale 1.

    Raises:
        UnusableError: samples that are not numbers.
    """
    x = file.read(frames, dtype="float32", always_2d=True).mean(1)
    if not np.isfinite(x).all():
        raise UnusableError("not numbers", "samples that are NaN or infinite")
    return x


def at_rate(x: NDArray[np.float32], found: int, rate: int) -> NDArray[np.float32]:
    """Samples at another rate, band-limited; at least one."""
    # Of an odd rate the nearest ratio of small numbers, off by a millionth at most: the exact filter of
    # 44,101 Hz would fill the memory.
    ratio = Fraction(rate, found).limit_denominator(1000)
    if ratio == 1:
        return x
    return resample(torch.from_numpy(x), ratio.denominator, ratio.numerator).numpy()


def whole(x: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples as the 16-bit numbers that batches are made of; what is louder than full scale is clipped."""
    return np.clip(np.round(x * FULL), -FULL, FULL - 1).astype(np.int16)


def blocks(
    file: soundfile.SoundFile, rate: int, seconds: float, overlap: float
) -> Iterator[tuple[int, NDArray[np.int16]]]:
    """A long recording a block at a time, so that its length costs no memory.

    Args:
        file: open.
        rate: of the samples given, in Hz.
        seconds: from the start of a block to that of the next.
        overlap: seconds that a block goes on into the next.

    Yields:
        The number of a block's first sample, and its samples.
    """
    found = file.samplerate
    x = np.zeros(0, np.float32)
    for number in itertools.count():
        start, end = round(number * seconds * found), round((number + 1) * seconds * found)
        fresh = mono(file, end - start + round(overlap * found) - len(x))
        if not len(fresh):
            return
        x = np.concatenate([x, fresh])
        yield round(number * seconds * rate), whole(at_rate(x, found, rate))
        x = x[end - start :]
