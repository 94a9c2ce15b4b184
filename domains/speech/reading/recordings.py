"""The recordings of a user's path: found, read one by one, used or skipped."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.audio import as_int16, at_rate, has_sound
from domains.speech.reading.decode import REMEDY, SUFFIXES, UNSUPPORTED, UnusableError, open_recording
from shared.config import reading
from shared.errors import UserError
from shared.files import Inventory, files, is_archive, members, nothing, printable

MAX_SAMPLES = 2**25  # of a recording that is held in memory as a whole: 12 minutes at 44,100 Hz
SPEECH = f"a recording of speech ({' '.join(SUFFIXES)})"

T = TypeVar("T")


class Source(NamedTuple):
    """A file: its name inside the user's path, its location or bytes, and the share of the path done."""

    name: str
    data: Path | bytes
    done: float


class Audio(NamedTuple):
    """Mono samples, what is damaged (see ``Recording.damage``), and the rate of the file in Hz."""

    samples: NDArray[np.int16]
    damage: str
    rate: int


class Recordings(Inventory):
    """The recordings of a path: those used, and those skipped for a reason."""

    def __init__(self) -> None:
        super().__init__()
        self.too_long: list[float] = []  # seconds
        self.beside: dict[str, bytes] = {}  # the other files that were asked for, by name

    def read(
        self,
        path: Path,
        read_one: Callable[[Path | bytes], T],
        title: str,
        beside: tuple[str, ...] = (),
        most: int = 0,
    ) -> Iterator[tuple[str, T]]:
        """Read the recordings of a file, a folder or an archive with a progress bar.

        Args:
            path: files on disk are opened by ``read_one``, not here.
            read_one: makes the result from a file's path or bytes; raises ``UnusableError`` to skip it.
            title: of the progress bar.
            beside: suffixes of files that are kept in ``self.beside``, such as labels.
            most: bytes of such a file that are kept, and one more of a larger one.

        Yields:
            The name of each file inside the path, and the result of ``read_one``.

        Raises:
            UserError: no recording, or a broken or harmful archive (see ``archive.members``).
        """
        for source in reading(self._sources(path, (*SUFFIXES, *beside)), title):
            if source.name.lower().endswith(beside):
                self._keep(source, most + 1)
                continue
            try:
                result = read_one(source.data)
            except UnusableError as error:
                self.skip(source.name, error.reason, error.detail)
                self.too_long += [error.seconds] * bool(error.seconds)
            else:
                yield source.name, result

    def _keep(self, source: Source, most: int) -> None:
        try:
            with (
                io.BytesIO(source.data) if isinstance(source.data, bytes) else source.data.open("rb") as file
            ):
                self.beside[source.name] = file.read(most)
        except OSError as error:
            self.skip(source.name, "unreadable", str(error.strerror))

    def _sources(self, path: Path, suffixes: tuple[str, ...]) -> Iterator[Source]:
        if path.is_file() and is_archive(path):
            yield from (Source(*member) for member in members(path, suffixes, seen=self))
            return
        paths = files(path, suffixes, seen=self)
        if not paths:
            raise nothing(path, suffixes, self)
        for number, file in enumerate(paths, start=1):
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            yield Source(printable(name), file, number / len(paths))

    def summary(self, noun: str = "files") -> list[str]:
        """Also what to do about unsupported sound formats."""
        suffixes = sorted(suffix for suffix in UNSUPPORTED if f"of kind {suffix}" in self.skipped)
        remedy = f"  {', '.join(suffixes)} cannot be read: {REMEDY}"
        return [*super().summary(noun), *[remedy] * bool(suffixes)]

    def none_usable(self, path: Path, wanted: str = SPEECH, *hints: str) -> UserError:
        """The error of a path of which no recording can be used."""
        skipped = "; ".join(line.strip() for line in self.summary()[1:])
        return UserError("; ".join([f"{path}: must hold {wanted}", f"skipped: {skipped}", *hints]))


def load(data: Path | bytes, rate: int, max_seconds: float) -> Audio:
    """Read a whole recording; of a longer one, little more than ``max_seconds`` is decoded.

    Raises:
        UnusableError: as ``open_recording``; no samples, too long, not numbers, or silence.
    """
    with open_recording(data) as file:
        limit = int(max_seconds * file.rate)
        if min(file.frames, limit) > MAX_SAMPLES:
            raise UnusableError("too many samples", f"{file.frames:,}, at most {MAX_SAMPLES:,}")
        x = file.mono(min(file.frames, limit + 1))
        if len(x) > limit:
            raise UnusableError(too_long(max_seconds), f"{file.seconds:.1f} s", file.seconds)
        source_rate, damage = file.rate, file.damage()
    if not len(x):
        raise UnusableError("no samples", "a header without sound")
    samples = as_int16(at_rate(x, source_rate, rate))
    if not has_sound(samples[None])[0]:
        raise UnusableError("silence", "all samples are equal")
    return Audio(samples, damage, source_rate)


def too_long(seconds: float) -> str:
    """The reason for which recordings above a limit are skipped."""
    return f"longer than {seconds:g} s"
