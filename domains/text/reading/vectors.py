"""Word vectors from a file, as GloVe, word2vec and fastText write them as text."""

import gzip
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.errors import UserError
from shared.files import Inventory, printable

COUNTS = re.compile(rb"\d+ (\d{1,9})")  # of words and of numbers
OPEN = {".gz": gzip.open, ".xz": lzma.open}
LONGEST = 2**20  # bytes of a line: those of a thousand numbers have 20,000
# A packed file may unpack to RATIO times its size and SPARE bytes more; numbers shrink to a third.
RATIO, SPARE = 10, 64 * 2**20
SHOWN = 40  # characters of what is wrong


class Vectors(NamedTuple):
    """Vectors of the words of a vocabulary that the file has.

    Attributes:
        rows: int64 (M,) the words, by their numbers in the vocabulary.
        values: float32 (M, size).
        repeated: how many of these words stood in the file again; the first vector counts.
        seen: the lines of these words, and the lines that cannot be used.
    """

    rows: np.ndarray
    values: np.ndarray
    repeated: int
    seen: Inventory


def read_vectors(path: str | Path, vocabulary: Sequence[str], size: int, strict: bool = False) -> Vectors:
    """Read the vectors of a vocabulary; of the others no more than a line is held at a time.

    A line is ``word number … number``; word2vec's and fastText's first line, the counts of words and of
    numbers, may stand before. The file may be packed (.gz, .xz). Lines that cannot be used are skipped.

    Args:
        path: of the file.
        vocabulary: the words.
        size: numbers of a vector.
        strict: a line that cannot be used is an error.

    Raises:
        UserError: the file is missing, broken, cut short or far larger than vectors are, its first lines have
            not ``size`` numbers, more than half of its lines cannot be used, or it has none of the words.
    """
    wanted = {token.encode(): number for number, token in enumerate(vocabulary)}
    found: dict[int, np.ndarray] = {}
    name, seen = printable(str(path)), Inventory()
    others = repeated = 0
    for place, line in _lines(Path(path), name):
        if place == 1 and (counts := COUNTS.fullmatch(line)):
            _check_size(name, place, int(counts[1]), size)
            continue
        spaces = line.count(b" ")
        if place <= 2:
            _check_size(name, place, spaces, size)
        if spaces < size:
            seen.skip(f"{name}, line {place}", f"without {size} numbers", f"{spaces}")
            continue
        word = line.rsplit(b" ", size)[0] if spaces > size else line[: line.index(b" ")]
        number = wanted.get(word)
        if number is None:
            others += 1
        elif number in found:
            repeated += 1
        elif (values := _numbers(line, size)) is None:
            seen.skip(f"{name}, line {place}", "without finite numbers", repr(line[-SHOWN:]))
        else:
            found[number] = values
    seen.use(name, others + repeated + len(found))
    seen.refuse(strict)
    for reason in seen.skipped:
        seen.check_share(reason, "fetch the file again, or set model.embedding to the size of its vectors")
    if not found:
        raise UserError(
            f"data.vectors: must have words of the {len(vocabulary):,} of the vocabulary, got none in {name}"
        )
    return Vectors(np.fromiter(found, np.int64), np.stack(list(found.values())), repeated, seen)


def _lines(path: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, with their numbers."""
    packed = path.suffix.lower() in OPEN
    opened: Any = OPEN.get(path.suffix.lower(), open)
    try:
        left = RATIO * path.stat().st_size + SPARE if packed else path.stat().st_size
        with opened(path, "rb") as file:
            place = 0
            while line := file.readline(LONGEST + 1):
                place, left = place + 1, left - len(line)
                if len(line) > LONGEST:
                    raise UserError(
                        f"data.vectors: lines must have at most {LONGEST:,} bytes, got more in "
                        f"{name}, line {place}; give a text file of word vectors"
                    )
                if packed and left < 0:
                    raise UserError(
                        f"data.vectors: must unpack to at most {RATIO} times its size, got more in "
                        f"{name}; unpack it yourself if you trust it"
                    )
                if line := line.rstrip(b" \r\n"):
                    yield place, line
    except (OSError, EOFError, ValueError, MemoryError, lzma.LZMAError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"data.vectors={name}: cannot be read to its end ({reason}); fetch it again"
        ) from error


def _check_size(name: str, place: int, given: int, size: int) -> None:
    if given != size:
        raise UserError(
            f"data.vectors={name}, line {place}: {given} numbers, where model.embedding is {size}; "
            f"give model.embedding={given} if all lines have so many, else fetch the file again"
        )


def _numbers(line: bytes, size: int) -> np.ndarray | None:
    """The last ``size`` words of a line as float32; None if they are no finite numbers."""
    try:
        with np.errstate(over="ignore"):
            values = np.array(line.rsplit(b" ", size)[1:], dtype=np.float32)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
