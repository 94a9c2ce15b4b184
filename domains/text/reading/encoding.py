"""The text of a file in any encoding, and how the encoding was determined."""

import codecs
import io
import re
from itertools import islice

import charset_normalizer

from shared.errors import UserError
from shared.files import printable

BAD = "\0"  # replaces bytes that do not fit the encoding; readers skip lines that hold it
BYTE_ORDER_MARKS = {  # UTF-32 first: its mark begins with that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
WESTERN = 0.05  # largest share of non-ASCII bytes in a Western text: letters with accents
CONTEXT = 12  # characters shown on each side of the first that a guess decides
HEAD = 2**16  # bytes that show whether a file is text
CONTROL = bytes({*range(9), *range(14, 27), *range(28, 32), 127})  # without ESC, which colours terminals
MAX_CONTROL = 0.02  # share of control bytes in a text; in random and packed data it is 0.1
GUESS_BYTES = 2**18  # from which an encoding is guessed
EBCDIC = ["cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"]  # of mainframes, without ASCII
COMPARED_LINES = 100_000  # non-ASCII lines that show whether a file mixes encodings
GUESSED = "guessed"


class NotTextError(UserError):
    """A file of another kind, such as an image or an archive."""


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str, str]:
    r"""Decode a file.

    Without ``encoding``, the name of a Python codec: by the byte order mark; else UTF-8, if at least half of
    the non-ASCII lines fit; else Windows-1252, as in browsers, if few bytes are non-ASCII; else
    charset-normalizer's best guess. Byte order marks inside the text, from joined files, are removed.

    Returns:
        The text, with ``\n`` where all lines end in ``\r``, and BAD for each byte that does not fit; a note
        on the encoding, unless it is ASCII or UTF-8; the first characters that depend on a guess.

    Raises:
        UserError: no such encoding, none that fits, several; or not text at all (NotTextError).
    """
    codec, note = _codec_of(data, name) if encoding is None else (encoding, f"{encoding}, as given")
    try:
        text = data.decode(codec, "convolutions.bad")
    except UnicodeError as error:  # of codecs such as idna
        raise UserError(
            f"{name}: must be {codec}, got other bytes ({error}); set data.encoding=null to guess"
        ) from error
    except (LookupError, ValueError, TypeError) as error:
        raise UserError(
            "data.encoding: must be the name of an encoding such as utf-8, cp1252, gb18030, or null to guess"
            f", got {codec!r}"
        ) from error
    excerpt = ""
    if note.endswith(GUESSED):
        first = re.search(r"[^\x00-\x7f]", text)
        place = first.start() if first else 0
        around = " ".join(text[max(place - CONTEXT, 0) : place + CONTEXT].split())
        excerpt = f"as in “{printable(around)}”"
    text = replace_surrogates(text.replace("\ufeff", ""))
    if "\r" in text and "\n" not in text:
        text, note = text.replace("\r", "\n"), f"{note}, lines end in CR".removeprefix(", ")
    return text, note, excerpt


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which no encoding can write, by U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _mark_bad(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD, error.end


codecs.register_error("convolutions.bad", _mark_bad)


def _codec_of(data: bytes, name: str) -> tuple[str, str]:
    """The likeliest encoding, and a note on it."""
    for mark, codec in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return codec, f"{codec}, by its byte order mark"
    head = data[:HEAD]
    if len(head) - len(head.translate(None, CONTROL)) > 1 + MAX_CONTROL * len(head):
        raise NotTextError(
            f"{name}: must be text, got control bytes such as NUL; for UTF-16 without a byte order mark set "
            "data.encoding=utf-16-le"
        )
    invalid = _misfit(data, "utf-8")
    if invalid is None:
        return "utf-8", ""
    lines = islice((line for line in io.BytesIO(data) if not line.isascii()), COMPARED_LINES)
    fits = [_misfit(line, "utf-8") is None for line in lines]
    if 2 * sum(fits) > len(fits):
        return "utf-8", "utf-8, except lines that do not fit"
    byte = f"byte 0x{data[invalid]:02x} at {invalid:,}"
    if any(fits):  # the encoding of the others would fit these lines too, and garble them
        line = 1 + data.count(b"\n", 0, invalid)
        raise UserError(
            f"{name}: must be in one encoding, got {sum(fits):,} lines of UTF-8 and {fits.count(False):,} of "
            f"another, the first is line {line} ({byte}); save it in one encoding, or set data.encoding if "
            "one fits all"
        )
    western = len(data.translate(None, bytes(range(128)))) <= WESTERN * len(data)
    if western and _misfit(data, "cp1252") is None:
        return "cp1252", f"cp1252, {GUESSED}"
    if len(data) > GUESS_BYTES:
        end = max(data.rfind(b"\n", 0, GUESS_BYTES), data.rfind(b" ", 0, GUESS_BYTES))
        data = data[: end if end > 0 else GUESS_BYTES]
    best = charset_normalizer.from_bytes(data, cp_exclusion=EBCDIC).best()
    if best is None:
        raise UserError(
            f"{name}: must be text in a known encoding, got {byte}; set data.encoding, or give a text file"
        )
    return best.encoding, f"{best.encoding}, {GUESSED}"


def _misfit(data: bytes, codec: str) -> int | None:
    """The index of the first byte that does not fit."""
    try:
        data.decode(codec)
    except UnicodeDecodeError as error:
        return error.start
    return None
