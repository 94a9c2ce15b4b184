"""Word vectors from the text files of GloVe, word2vec and fastText."""

import gzip
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.errors import UserError
from shared.files import Inventory, printable

HEADER = re.compile(rb"\d+ (\d{1,9})")  # numbers of words and of components
OPENERS = {".gz": gzip.open, ".xz": lzma.open}
MAX_LINE = 2**20  # bytes; a thousand components have 20,000
# A packed file may unpack to RATIO times its size plus SPARE bytes; numbers are packed to a third.
RATIO, SPARE = 10, 64 * 2**20
SHOWN = 40  # characters of an unusable line


class Vectors(NamedTuple):
    """Vectors of M words of a vocabulary."""

    rows: np.ndarray  # int64 (M,) numbers of the words in the vocabulary
    values: np.ndarray  # float32 (M, size)
    repeated: int  # further vectors of these words, which are ignored
    seen: Inventory  # used and skipped lines


def read_vectors(path: str | Path, vocabulary: Sequence[str], size: int, strict: bool = False) -> Vectors:
    """Read the vectors of a vocabulary's words, of ``size`` components each, line by line.

    A line is ``word number … number``, after an optional header of word2vec and fastText with the numbers of
    words and components. The file may be packed (.gz, .xz). Unusable lines are skipped, or refused if
    ``strict``.

    Raises:
        UserError: the file is missing, broken, truncated or too large, of another size, mostly unusable, or
            without any of the words.
    """
    numbers = {token.encode(): number for number, token in enumerate(vocabulary)}
    vectors: dict[int, np.ndarray] = {}
    name, seen = printable(str(path)), Inventory()
    others = repeated = 0
    for place, line in _lines(Path(path), name):
        header = HEADER.fullmatch(line) if place == 1 else None
        actual = int(header[1]) if header else line.count(b" ")
        if place <= 2 and actual != size:
            raise UserError(
                f"data.vectors: must have {size} numbers per line (model.embedding), got {actual} in {name}, "
                f"line {place}; give model.embedding={actual} if all lines do, else fetch the file again"
            )
        if header:
            continue
        if actual < size:
            seen.skip(f"{name}, line {place}", f"without {size} numbers", f"{actual}")
            continue
        word = line.rsplit(b" ", size)[0] if actual > size else line[: line.index(b" ")]
        number = numbers.get(word)
        if number is None:
            others += 1
        elif number in vectors:
            repeated += 1
        elif (values := _numbers(line, size)) is None:
            seen.skip(f"{name}, line {place}", "without finite numbers", repr(line[-SHOWN:]))
        else:
            vectors[number] = values
    seen.use(name, others + repeated + len(vectors))
    seen.refuse(strict)
    for reason in seen.skipped:
        seen.check_share(reason, "fetch the file again, or set model.embedding to the size of its vectors")
    if not vectors:
        raise UserError(
            f"data.vectors: must have some of the {len(vocabulary):,} vocabulary words, got none in {name}"
        )
    return Vectors(np.fromiter(vectors, np.int64), np.stack(list(vectors.values())), repeated, seen)


def _lines(path: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """The numbers and contents of lines that are not empty."""
    suffix = path.suffix.lower()
    open_file: Any = OPENERS.get(suffix, open)
    try:
        remaining = path.stat().st_size
        if suffix in OPENERS:
            remaining = RATIO * remaining + SPARE
        with open_file(path, "rb") as file:
            place = 0
            while line := file.readline(MAX_LINE + 1):
                place, remaining = place + 1, remaining - len(line)
                limit = f"have at most {MAX_LINE:,} bytes per line" if len(line) > MAX_LINE else ""
                if suffix in OPENERS and remaining < 0:
                    limit = f"unpack to at most {RATIO} times its size"
                if limit:
                    raise UserError(
                        f"data.vectors: must {limit}, got more in {name}, line {place}; give a text file of "
                        "word vectors; unpack it yourself if you trust it"
                    )
                if line := line.rstrip(b" \r\n"):
                    yield place, line
    except (OSError, EOFError, ValueError, MemoryError, lzma.LZMAError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"data.vectors: must be a complete file, got {name} ({reason}); fetch it again"
        ) from error


def _numbers(line: bytes, size: int) -> np.ndarray | None:
    """The last ``size`` words of a line as float32; None if they are not finite numbers."""
    with suppress(ValueError), np.errstate(over="ignore"):
        values = np.array(line.rsplit(b" ", size)[1:], dtype=np.float32)
        if np.isfinite(values).all():
            return values
    return None
