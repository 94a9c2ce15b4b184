"""From bytes to text, and how it was done: nothing is garbled in silence."""

import codecs
import re

import charset_normalizer

from shared.errors import UserError

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WESTERN = (
    0.05  # share of bytes beyond ASCII up to which a text is taken for a Western one: letters with accents
)
AROUND = 12  # characters shown on each side of the first that a guess decides


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file, and a word on its encoding: empty for ASCII and UTF-8, which leave no doubt.

    Without ``encoding``: what the mark at the beginning says (BOM); else UTF-8 if every byte fits; else
    Windows-1252, as browsers do, where few bytes are beyond ASCII; else what charset-normalizer thinks
    likeliest. A guess is shown with the first characters that it decides, so that a wrong one is seen.

    Args:
        data: the file's bytes.
        name: the file, for errors.
        encoding: what the user says it is, by Python's names.

    Raises:
        UserError: the bytes do not fit the encoding, some lines are UTF-8 and others not, or it is no text.
    """
    try:
        text, told = _decode(data, name, encoding)
    except LookupError as error:
        raise UserError(
            f"data.encoding={encoding}: no such encoding; utf-8, cp1252, gb18030, …, or null to find it"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name}, line {_line(data, error.start)}: byte 0x{data[error.start]:02x} at {error.start:,} "
            f"is not {error.encoding}; give the file's own encoding as data.encoding="
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(
            f"{name}, line {line}: a NUL byte: this is no text, or UTF-16 without its mark: "
            "give data.encoding=utf-16-le, or another file"
        )
    return text, told


def _decode(data: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    if encoding is not None:
        return data.decode(encoding), f"{encoding}, as given"
    for mark, marked in MARKS.items():
        if data.startswith(mark):
            return data.decode(marked), f"{marked}, by its mark"
    try:
        return data.decode(), ""
    except UnicodeDecodeError as error:
        return _guess(data, name, error)


def _guess(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, str]:
    _refuse_mixture(data, name, error.start)
    if sum(byte > 127 for byte in data) <= WESTERN * len(data):
        try:
            return _guessed(data.decode("cp1252"), "cp1252")
        except UnicodeDecodeError:
            pass
    found = charset_normalizer.from_bytes(data).best()
    if found is None:
        raise error
    return _guessed(str(found), found.encoding)


def _guessed(text: str, encoding: str) -> tuple[str, str]:
    first = re.search(r"[^\x00-\x7f]", text)
    assert first is not None  # else it were ASCII
    sample = text[max(first.start() - AROUND, 0) : first.start() + AROUND]
    return text, f"{encoding}, guessed, as in “{' '.join(sample.split())}”"


def _refuse_mixture(data: bytes, name: str, invalid: int) -> None:
    """A line that is UTF-8 would read as nonsense, and fit, in the encoding of the others."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.isascii():
            try:
                line.decode()
            except UnicodeDecodeError:
                continue
            raise UserError(
                f"{name}: mixed encodings: line {number} is UTF-8, and line {_line(data, invalid)} is not "
                f"(byte 0x{data[invalid]:02x} at {invalid:,}); "
                "save it in one, or give data.encoding= if one fits both"
            )


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1
