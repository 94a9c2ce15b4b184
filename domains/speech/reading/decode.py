"""A sound file opened by libsndfile: whatever goes wrong inside it is a reason to skip that file."""

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

# What libsndfile tells by a file's bytes. Not .voc, whose second block it takes for sound.
SUFFIXES = (
    *(".wav", ".wave", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2"),
    *(".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".sph"),
)
# Sound all the same, which libsndfile cannot decode.
OTHER_SOUND = (
    *(".m4a", ".m4b", ".mp4", ".aac", ".wma", ".webm", ".mka", ".amr", ".3gp", ".ac3", ".ape", ".wv", ".tta"),
    *(".mpc", ".ra", ".spx", ".voc", ".raw", ".pcm"),
)
REMEDY = "convert to .wav or .flac, such as by `ffmpeg -i OLD NEW.wav`"

RATES = (1_000, 1_000_000)  # Hz: a header that says another rate is damaged
CHANNELS = 64  # an array of microphones; libsndfile takes 1,024
PIECE = 2**22  # values decoded at a time, of all channels together: 16 MiB
# Compressed silence can claim days: above WORK values to decode, so many bytes have to stand behind them.
WORK = 2**26  # 23 minutes at 48,000 Hz
VALUES_PER_BYTE = 32  # 12 kbit/s at 48,000 Hz
UNKNOWN = 2**63 - 1  # frames, where a FLAC stream's header leaves its length open

CUT = "ends before its header says"
DAMAGED = "damaged in places"
LOUD = "louder than full scale, clipped"
# A size in the header, and what the file holds; 2^32 - 1 stands for a size that the writer did not know.
_SIZE = re.compile(r"^ *(?:data|SSND|riff|Riff size|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OPEN_SIZE = 2**32 - 1
# An MP3 states its length in frames of up to 1,152 samples, the encoder's own delay among them.
_SLACK = 2 * 1152
_NUMBERS = 2.0**32  # floats that hold 32-bit integers stay below
_LOUD = 2.0  # times full scale: a decoded MP3 passes it a little, integers written as floats by far
# What libmpg123 prints by itself: "[src/libmpg123/layer3.c:…] error: …", "Warning: Xing stream size …".
_PRINTED = re.compile(rb"^\S*libmpg123|^(Warning|Note|Error): ")
_COMPLAINT = re.compile(rb"error|Illegal", re.IGNORECASE)


def remedies(kinds: Iterable[str]) -> list[str]:
    """What to do about sound that was skipped unread, by the reasons of an inventory."""
    sound = sorted(suffix for suffix in OTHER_SOUND if f"of kind {suffix}" in kinds)
    return [f"  {', '.join(sound)} cannot be read: {REMEDY}"] if sound else []


class UnusableError(Exception):
    """A recording that nothing can be made of: the reason that a summary counts, and what was found."""

    def __init__(self, reason: str, found: str, seconds: float = 0.0):
        self.seconds = seconds  # of one that is too long
        self.reason, self.found = reason, " ".join(found.split()).removesuffix(".")
        super().__init__(f"{reason}: {self.found}")


class Recording:
    """A sound file that is read from its start to its end; made by ``opened``."""

    def __init__(self, file: soundfile.SoundFile, size: int, printed: list[bytes]):
        self.rate, self.frames, self.channels = file.samplerate, file.frames, file.channels
        self._file, self._size, self._printed = file, size, printed
        self._read, self._peak = 0, 0.0

    @property
    def seconds(self) -> float:
        """How long the header says that it lasts."""
        return self.frames / self.rate

    def mono(self, frames: int) -> NDArray[np.float32]:
        """The next frames (samples,), the mean of all channels, full scale 1; fewer at the end.

        Raises:
            UnusableError: damaged beyond reading, or samples that are not numbers.
        """
        pieces = [np.zeros(0, np.float32)]
        while frames > 0:
            with _decoding(self._printed):
                x = self._file.read(min(frames, PIECE // self.channels), dtype="float32", always_2d=True)
            if not len(x):
                break
            frames -= len(x)
            self._read += len(x)
            with np.errstate(invalid="ignore", over="ignore"):  # refused below
                pieces.append(x.mean(1))
        x = np.concatenate(pieces)
        with np.errstate(invalid="ignore"):
            peak = float(np.abs(x).max(initial=0))  # NaN if there is one
        if not peak <= _NUMBERS:
            raise UnusableError("not numbers", "samples that are NaN, infinite or beyond any scale")
        self._peak = max(self._peak, peak)
        return x

    def check_work(self) -> None:
        """Refuse what would be decoded for minutes though hardly a byte stands behind it.

        Raises:
            UnusableError: the file claims more sound than its size can hold.
        """
        work = self.seconds * max(self.rate * self.channels, 48_000)
        if work > WORK and work > VALUES_PER_BYTE * self._size:
            raise UnusableError(
                "too long for its size",
                f"{self.seconds / 3600:,.1f} hours in {self._size:,} bytes; cut it, or convert to .wav",
            )

    def damage(self) -> str:
        """What has to be said of the file once it is read: CUT, DAMAGED, LOUD or nothing."""
        sizes = [(int(a), int(b)) for a, b in _SIZE.findall(self._file.extra_info)]
        if any(promised > held and promised != _OPEN_SIZE for promised, held in sizes):
            return CUT
        slack = _SLACK if self._file.subtype.startswith("MPEG") else 0
        if self._read + slack < self.frames:
            return CUT
        if any(_COMPLAINT.search(line) for line in self._printed):
            return DAMAGED
        return LOUD if self._peak >= _LOUD else ""


@contextmanager
def opened(data: Path | bytes) -> Iterator[Recording]:
    """A recording, open to be read.

    Raises:
        UnusableError: empty, not audio, or of no rate or number of channels that audio has.
    """
    printed: list[bytes] = []
    try:
        stream = data.open("rb") if isinstance(data, Path) else io.BytesIO(data)
    except OSError as error:
        raise UnusableError("unreadable", error.strerror or str(error)) from error
    with stream:
        with _decoding(printed):
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            if not size:
                raise UnusableError("empty", "a file of no bytes")
            file = soundfile.SoundFile(_Stream(stream))
        with file:
            if not RATES[0] <= file.samplerate <= RATES[1]:
                raise UnusableError("sample rate", f"{file.samplerate:,} Hz")
            if file.channels > CHANNELS:
                raise UnusableError("channels", f"{file.channels:,}, and {CHANNELS} is the most")
            if file.frames == UNKNOWN:
                raise UnusableError("unreadable", f"its header does not say how long it is; {REMEDY}")
            yield Recording(file, size, printed)


class _Stream:
    """The bytes of a file as libsndfile asks for them; without a name, so that .raw is not guessed at."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.tell, self.read = stream.tell, stream.read

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer as far as there are bytes."""
        return self._stream.readinto(buffer)  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; a damaged header leads before the start, and then nothing moves.

        An exception would not reach libsndfile: cffi prints its traceback and goes on.
        """
        try:
            return self._stream.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return self.tell()


@contextmanager
def _decoding(printed: list[bytes]) -> Iterator[None]:
    """While the library works: any exception of it is a reason, and what it prints is collected.

    Raises:
        UnusableError: whatever the library raised.
    """
    try:
        with _caught(printed):
            yield
    except UnusableError:
        raise
    except soundfile.LibsndfileError as error:
        raise UnusableError("unreadable", error.error_string) from error
    except Exception as error:  # a library may raise anything at damaged bytes
        found = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnusableError("unreadable", found) from error


@contextmanager
def _caught(printed: list[bytes]) -> Iterator[None]:
    """Collect the lines that libmpg123 writes to standard error by itself; all others are passed on."""
    try:
        sys.stderr.flush()
        lines = tempfile.TemporaryFile()  # noqa: SIM115  # closed below, where there is one
        kept = os.dup(2)
    except (OSError, AttributeError):  # no standard error, or no room: nothing that a recording depends on
        yield
        return
    with lines:
        os.dup2(lines.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            lines.seek(0)
            for line in lines:
                if _PRINTED.match(line):
                    printed.append(line)
                else:
                    os.write(2, line)
