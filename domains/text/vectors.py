"""Word vectors from a file, as GloVe, word2vec and fastText write them as text."""

import gzip
import lzma
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.errors import UserError

OPEN = {".gz": gzip.open, ".xz": lzma.open}


class Vectors(NamedTuple):
    """Vectors of the words of a vocabulary that the file has.

    Attributes:
        rows: int64 (M,) the words, by their numbers in the vocabulary.
        values: float32 (M, size).
        repeated: how many of these words stood in the file again; the first vector counts.
    """

    rows: np.ndarray
    values: np.ndarray
    repeated: int


def read_vectors(path: str | Path, vocabulary: Sequence[str], size: int) -> Vectors:
    """Read the vectors of a vocabulary; of the others no more than a line is held at a time.

    A line is ``word number … number``; word2vec's and fastText's first line, the counts of words and of
    numbers, may stand before. The file may be packed (.gz, .xz).

    Raises:
        UserError: the file is missing, broken or cut short, a line has not ``size`` numbers, or the file
            has none of the words.
    """
    wanted = {token.encode(): number for number, token in enumerate(vocabulary)}
    found: dict[int, np.ndarray] = {}
    repeated = 0
    for place, line in _lines(Path(path)):
        spaces = line.count(b" ")
        if place == 1 and spaces == 1 and line.replace(b" ", b"").isdigit():
            _check_size(path, place, int(line.split()[1]), size)
            continue
        if spaces < size or (place <= 2 and spaces > size):
            _check_size(path, place, spaces, size)
        word = line.rsplit(b" ", size)[0] if spaces > size else line[: line.index(b" ")]
        number = wanted.get(word)
        if number is None:
            continue
        if number in found:
            repeated += 1
        else:
            found[number] = _numbers(path, place, line, size)
    if not found:
        raise UserError(
            f"data.vectors={path}: none of the {len(vocabulary):,} words of the vocabulary is in it"
        )
    return Vectors(np.fromiter(found, np.int64), np.stack(list(found.values())), repeated)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        opened: Any = OPEN.get(path.suffix.lower(), open)
        with opened(path, "rb") as file:
            for place, line in enumerate(file, start=1):
                yield place, line.rstrip(b" \r\n")
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"data.vectors={path}: cannot be read to its end ({reason}); fetch it again"
        ) from error


def _check_size(path: Path | str, place: int, given: int, size: int) -> None:
    if given != size:
        raise UserError(
            f"data.vectors={path}, line {place}: {given} numbers, where model.embedding is {size}; "
            f"give model.embedding={given} if all lines have so many, else fetch the file again"
        )


def _numbers(path: Path | str, place: int, line: bytes, size: int) -> np.ndarray:
    try:
        values = np.array(line.rsplit(b" ", size)[1:], dtype=np.float32)
    except ValueError as error:
        raise UserError(f"data.vectors={path}, line {place}: {error}; fetch the file again") from error
    if not np.isfinite(values).all():
        raise UserError(
            f"data.vectors={path}, line {place}: a number that is not finite; fetch the file again"
        )
    return values
