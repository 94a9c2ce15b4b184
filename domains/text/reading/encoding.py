"""From bytes to text, and how it was done: nothing is garbled in silence."""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

import charset_normalizer

from shared.errors import UserError
from shared.files import printable

BAD = "\0"  # stands for bytes that do not fit; a reader skips the line that holds it
MARKS = {  # UTF-32 first: its mark begins as that of UTF-16 does
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
WESTERN = 0.05  # share of bytes beyond ASCII up to which a text is Western: letters with accents
AROUND = 12  # characters shown on each side of the first that a guess decides
HEAD = 2**16  # bytes that show whether a file is text
CONTROL = bytes({*range(9), *range(14, 27), *range(28, 32), 127})  # ESC is not here: terminals' colours
MOST_CONTROL = 0.02  # share of these in a text, but for one; bytes drawn at random and packed data have 0.1
GUESSED = 2**18  # bytes that an encoding is guessed from
EBCDIC = ["cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"]  # mainframes': no ASCII in them
COMPARED = 100_000  # lines beyond ASCII that show whether a file mixes encodings
BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
SURROGATE = re.compile("[\ud800-\udfff]")


class NoTextError(UserError):
    """A file of another kind: a picture, a document, an archive."""


class Decoded(NamedTuple):
    r"""The text of a file.

    Attributes:
        text: its lines end in ``\n``; BAD stands for each byte that does not fit.
        how: the encoding, if there is something to say; empty for ASCII and UTF-8, which leave no doubt.
        sample: the first characters that a guess decides, so that a wrong one is seen.
    """

    text: str
    how: str = ""
    sample: str = ""


def decode(data: bytes, name: str, encoding: str | None = None) -> Decoded:
    r"""The text of a file.

    Without ``encoding``: what the mark at the beginning says (BOM); else UTF-8 if the bytes fit, but for
    fewer than half of the lines beyond ASCII; else Windows-1252, as browsers do, where few bytes are beyond
    ASCII; else what charset-normalizer thinks likeliest. Marks inside the text are dropped: files were
    joined. A file without any ``\n`` ends its lines in ``\r``.

    Args:
        data: the file's bytes.
        name: the file, for errors.
        encoding: what the user says it is, by Python's names.

    Raises:
        NoTextError: the bytes are those of another kind of file.
        UserError: there is no such encoding, no encoding fits, or lines of two encodings are mixed.
    """
    text, how, sample = _decode(data, name, encoding)
    text = whole(text.replace("\ufeff", ""))
    if "\r" in text and "\n" not in text:
        text, how = text.replace("\r", "\n"), f"{how}, lines end in CR".removeprefix(", ")
    return Decoded(text, how, sample)


def whole(text: str) -> str:
    """The text with U+FFFD in place of each lone surrogate, which no encoding can write."""
    return SURROGATE.sub("\ufffd", text)


def _mark_bad(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD, error.end


codecs.register_error("convolutions.bad", _mark_bad)


def _decode(data: bytes, name: str, encoding: str | None) -> Decoded:
    if encoding is not None:
        return Decoded(_given(data, name, encoding), f"{encoding}, as given")
    for mark, marked in MARKS.items():
        if data.startswith(mark):
            return Decoded(data.decode(marked, "convolutions.bad"), f"{marked}, by its mark")
    head = data[:HEAD]
    if len(head) - len(head.translate(None, CONTROL)) > 1 + MOST_CONTROL * len(head):
        raise NoTextError(
            f"{name}: must be text, got control bytes such as NUL; if it is UTF-16 without a mark, set "
            "data.encoding=utf-16-le, else give another file"
        )
    try:
        return Decoded(data.decode())
    except UnicodeDecodeError as error:
        return _guess(data, name, error.start)


def _given(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding, "convolutions.bad")
    except (LookupError, ValueError, TypeError) as error:
        if isinstance(error, UnicodeError):  # of codecs that are none of characters, such as idna
            raise UserError(f"{name}: not {encoding} ({error}); set data.encoding=null to find it") from error
        raise UserError(
            f"data.encoding: must be the name of an encoding such as utf-8, cp1252, gb18030, or null to find "
            f"it, got {encoding!r}"
        ) from error


def _guess(data: bytes, name: str, invalid: int) -> Decoded:
    """The likeliest encoding of bytes that are not UTF-8 from place ``invalid`` on."""
    fitting, others = _fitting(data)
    if fitting > others:
        return Decoded(data.decode("utf-8", "convolutions.bad"), "utf-8, but for lines that do not fit")
    if fitting:  # they would read as nonsense, and fit, in the encoding of the others
        line = data.count(b"\n", 0, invalid) + 1
        raise UserError(
            f"{name}: mixed encodings: {fitting:,} lines are UTF-8 and {others:,} are not, the first is line "
            f"{line} (byte 0x{data[invalid]:02x} at {invalid:,}); save it in one encoding, or set "
            "data.encoding if one fits all"
        )
    beyond = len(data.translate(None, bytes(range(128))))
    found = "cp1252" if beyond <= WESTERN * len(data) and _fits(data, "cp1252") else _likeliest(data)
    if found is None:
        raise UserError(
            f"{name}: no encoding fits, from byte 0x{data[invalid]:02x} at {invalid:,} on; "
            "set data.encoding, or give a text file"
        )
    text = data.decode(found, "convolutions.bad")
    first = re.search(r"[^\x00-\x7f]", text)
    place = first.start() if first else 0
    sample = printable(" ".join(text[max(place - AROUND, 0) : place + AROUND].split()))
    return Decoded(text, f"{found}, guessed", f"as in “{sample}”")


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _likeliest(data: bytes) -> str | None:
    """By charset-normalizer, from the first lines."""
    if len(data) > GUESSED:
        end = max(data.rfind(b"\n", 0, GUESSED), data.rfind(b" ", 0, GUESSED))
        data = data[: end if end > 0 else GUESSED]
    best = charset_normalizer.from_bytes(data, cp_exclusion=EBCDIC).best()
    return None if best is None else best.encoding


def _fitting(data: bytes) -> tuple[int, int]:
    """How many lines beyond ASCII are UTF-8, and how many are not."""
    counts = [0, 0]
    for line in _lines_beyond_ascii(data):
        counts[0 if _fits(line, "utf-8") else 1] += 1
        if sum(counts) == COMPARED:
            break
    return counts[0], counts[1]


def _lines_beyond_ascii(data: bytes) -> Iterator[bytes]:
    end = 0
    while match := BEYOND_ASCII.search(data, end):
        start = data.rfind(b"\n", end, match.start()) + 1 or end
        end = data.find(b"\n", match.end())
        end = len(data) if end < 0 else end
        yield data[start:end]
