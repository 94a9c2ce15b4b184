"""Sound files decoded by libsndfile; any failure inside it becomes a reason to skip the file."""

import io
import itertools
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from domains.speech.reading.audio import as_int16, at_rate

# Formats that libsndfile recognises by content. Not .voc: it decodes the second block's header as sound.
SUFFIXES = (
    *(".wav", ".wave", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2"),
    *(".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".sph"),
)
# Sound formats that libsndfile cannot decode.
UNSUPPORTED = (
    *(".m4a", ".m4b", ".mp4", ".aac", ".wma", ".webm", ".mka", ".amr", ".3gp", ".ac3", ".ape", ".wv", ".tta"),
    *(".mpc", ".ra", ".spx", ".voc", ".raw", ".pcm"),
)
REMEDY = "convert to .wav or .flac, for example with `ffmpeg -i OLD NEW.wav`"

RATES = (1_000, 1_000_000)  # Hz; other rates mean a damaged header
MAX_CHANNELS = 64  # a microphone array; libsndfile's limit is 1,024
CHUNK = 2**22  # values decoded at a time, over all channels: 16 MiB
# A small file of compressed silence can claim days of sound: above WORK values, at most VALUES_PER_BYTE.
WORK = 2**26  # 23 minutes at 48,000 Hz
VALUES_PER_BYTE = 32  # 12 kbit/s at 48,000 Hz
UNKNOWN_LENGTH = 2**63 - 1  # frames, if the header of a FLAC stream omits its length

CUT, DAMAGED = "shorter than its header says", "damaged in places"
LOUD = "louder than full scale, clipped"
# A size in the header and the true one; a writer that does not know the size writes 2^32 - 1.
_SIZE = re.compile(r"^ *(?:data|SSND|riff|Riff size|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OPEN_SIZE = 2**32 - 1
_MP3_SLACK = 2 * 1152  # an MP3 header counts frames of up to 1,152 samples, including the encoder's delay
_MAX_VALUE = 2.0**32  # 32-bit integers written as floats are below
_LOUD = 2.0  # times full scale: a decoded MP3 slightly exceeds 1, integers written as floats by far
# Lines that libmpg123 prints: "[src/libmpg123/layer3.c:…] error: …", "Warning: Xing stream size …".
_PRINTED = re.compile(rb"^\S*libmpg123|^(Warning|Note|Error): ")
_STDERR = threading.Lock()
_COMPLAINT = re.compile(rb"error|Illegal", re.IGNORECASE)


def is_loss(reason: str) -> bool:
    """Whether a file that is skipped for this reason was a recording."""
    return not reason.startswith("of kind ") or reason.removeprefix("of kind ") in UNSUPPORTED


class UnusableError(Exception):
    """A recording that cannot be used: a reason to count by, a detail, its seconds if it is too long."""

    def __init__(self, reason: str, detail: str, seconds: float = 0.0):
        self.reason, self.detail, self.seconds = reason, " ".join(detail.split()).removesuffix("."), seconds
        super().__init__(f"{reason}: {self.detail}")


class Recording:
    """A sound file that is read from start to end; made by ``open_recording``."""

    def __init__(self, file: soundfile.SoundFile, size: int, printed: list[bytes]):
        self.rate, self.frames, self.channels = file.samplerate, file.frames, file.channels
        self.seconds = self.frames / self.rate  # according to the header
        self._file, self._size, self._printed = file, size, printed
        self._read, self._peak = 0, 0.0

    def mono(self, frames: int) -> NDArray[np.float32]:
        """Read the next frames (samples,): the mean of all channels, full scale 1; fewer at the end.

        Raises:
            UnusableError: decoding fails, or samples are not numbers.
        """
        chunks = [np.zeros(0, np.float32)]
        with np.errstate(invalid="ignore", over="ignore"):  # refused below
            while frames > 0:
                with _decoding(self._printed):
                    x = self._file.read(min(frames, CHUNK // self.channels), dtype="float32", always_2d=True)
                chunks.append(x.mean(1))
                frames = frames - len(x) if len(x) else 0
            x = np.concatenate(chunks)
            peak = float(np.abs(x).max(initial=0))  # NaN if any value is
        if not peak <= _MAX_VALUE:
            raise UnusableError("not numbers", "samples are NaN, infinite or above 2^32")
        self._read, self._peak = self._read + len(x), max(self._peak, peak)
        return x

    def blocks(self, rate: int, seconds: float, overlap: float) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """Read a recording of any length in overlapping blocks, in bounded memory.

        Args:
            rate: sample rate of the blocks, in Hz.
            seconds: from the start of one block to the start of the next.
            overlap: seconds that a block shares with the next.

        Yields:
            The index of a block's first sample, and its samples.

        Raises:
            UnusableError: as ``mono``; or a small file claims sound that would be decoded for minutes.
        """
        work = self.seconds * max(self.rate * self.channels, 48_000)
        if work > WORK and work > VALUES_PER_BYTE * self._size:
            raise UnusableError(
                "too long for its size",
                f"{self.seconds / 3600:,.1f} hours in {self._size:,} bytes; cut it, or convert to .wav",
            )
        x = np.zeros(0, np.float32)
        for number in itertools.count():
            start, end = (round(n * seconds * self.rate) for n in (number, number + 1))
            new = self.mono(end - start + round(overlap * self.rate) - len(x))
            if not len(new):
                return
            x = np.concatenate([x, new])
            yield round(number * seconds * rate), as_int16(at_rate(x, self.rate, rate))
            x = x[end - start :]

    def damage(self) -> str:
        """After reading: CUT, DAMAGED, LOUD or an empty text."""
        sizes = [(int(a), int(b)) for a, b in _SIZE.findall(self._file.extra_info)]
        slack = _MP3_SLACK if self._file.subtype.startswith("MPEG") else 0
        wrong_size = any(claimed > true and claimed != _OPEN_SIZE for claimed, true in sizes)
        if wrong_size or self._read + slack < self.frames:
            return CUT
        if any(_COMPLAINT.search(line) for line in self._printed):
            return DAMAGED
        return LOUD if self._peak >= _LOUD else ""


@contextmanager
def open_recording(data: Path | bytes) -> Iterator[Recording]:
    """Open a recording; an ``UnusableError`` if it is not audio, or its rate or channels are out of range."""
    printed: list[bytes] = []
    with _decoding(printed):
        stream = data.open("rb") if isinstance(data, Path) else io.BytesIO(data)
    with stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        if not size:
            raise UnusableError("empty", "0 bytes")
        with _decoding(printed):
            file = soundfile.SoundFile(_Stream(stream))
        with file:
            if not RATES[0] <= file.samplerate <= RATES[1]:
                raise UnusableError("sample rate", f"{file.samplerate:,} Hz")
            if file.channels > MAX_CHANNELS:
                raise UnusableError("channels", f"{file.channels:,}, at most {MAX_CHANNELS}")
            if file.frames == UNKNOWN_LENGTH:
                raise UnusableError("unreadable", f"no length in its header; {REMEDY}")
            yield Recording(file, size, printed)


class _Stream:
    """A file for libsndfile without a name, so that it does not guess the format of .raw files."""

    def __init__(self, stream: BinaryIO):
        self._seek, self.tell, self.read = stream.seek, stream.tell, stream.read
        self.readinto = stream.readinto  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int) -> int:
        """Move to a position; one before the start, from a damaged header, is ignored.

        An exception would not reach libsndfile: cffi prints its traceback and continues.
        """
        with suppress(OSError, ValueError, OverflowError):
            self._seek(offset, whence)
        return self.tell()


@contextmanager
def _decoding(printed: list[bytes]) -> Iterator[None]:
    """Turn any exception of the library into ``UnusableError`` and collect the lines that it prints."""
    try:
        with _capture(printed):
            yield
    except Exception as error:  # damaged bytes may raise anything
        texts = (getattr(error, "error_string", ""), getattr(error, "strerror", ""), str(error))
        raise UnusableError("unreadable", next(filter(None, texts), type(error).__name__)) from error


@contextmanager
def _capture(printed: list[bytes]) -> Iterator[None]:
    """Collect the lines that libmpg123 writes to standard error; pass all others on.

    The process has one standard error: threads decode in turn.
    """
    with _STDERR:
        yield from _redirected(printed)


def _redirected(printed: list[bytes]) -> Iterator[None]:
    try:
        sys.stderr.flush()
        lines = tempfile.TemporaryFile()  # noqa: SIM115  # closed below
        stderr = os.dup(2)
    except (OSError, AttributeError):  # no standard error, or a full disk
        yield
        return
    with lines:
        os.dup2(lines.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            lines.seek(0)
            for line in lines:
                if _PRINTED.match(line):
                    printed.append(line)
                else:
                    os.write(2, line)
