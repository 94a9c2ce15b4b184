"""The nodes of each game's main line in an SGF file, in little memory.

Grammar: FF[4], https://www.red-bean.com/sgf/. As in sgfmill's parser, junk before a game is skipped, and
so are lower-case letters in property names of older formats ("AddBlack").
"""

import re
from collections.abc import Collection, Iterator

# By property its unique values in order, with the offsets of their closing brackets; "" has those of none.
Node = dict[str, dict[bytes, int]]

# Possessive repetitions: an unclosed bracket takes linear time.
_TOKEN = re.compile(rb"\s*+(?:\[([^\\\]]*+(?:\\.[^\\\]]*+)*+)\]|([A-Za-z]{1,64}+)|([;()]))", re.DOTALL)
_START = re.compile(rb"\(\s*+(?:;|[A-Z]{2}\s*+\[)")  # some servers leave out the first semicolon
_SMALL = bytes(range(ord("a"), ord("z") + 1))
_TWO_BYTES = re.compile(rb"[\x81-\xfe][\x30-\xfe]")  # a character in the encodings of East Asia


class MainLine:
    """The nodes of a game's main line (those before the first closing parenthesis), with kept properties."""

    def __init__(self, data: bytes, start: int, kept: Collection[str], original: bytes):
        self.data, self.start, self.kept, self.original = data, start, kept, original
        self.end: int | None = None  # of the game, after iteration; None if it is truncated or broken

    def __iter__(self) -> Iterator[Node]:
        depth, inside = 0, True  # inside the first variation
        node: Node = {}
        stray: dict[bytes, int] = {}  # values before any name
        values: dict[bytes, int] | None = None
        for token in iter(_TOKEN.scanner(self.data, self.start).match, None):  # type: ignore[attr-defined]
            value, name, sign = token.groups()
            if value is not None:
                if values is not None:
                    values[self.original[slice(*token.span(1))]] = token.end() - 1
            elif name:
                name = name.translate(None, _SMALL).decode()
                values = node.setdefault(name, {}) if inside and name in self.kept else None
            else:
                if stray:
                    node[""] = stray
                if inside and node:
                    yield node
                node, stray = {}, {}
                values = stray
                depth += {b"(": 1, b")": -1, b";": 0}[sign]
                inside &= sign != b")"
                if depth == 0 and not inside:
                    self.end = token.end()
                    return


def main_lines(data: bytes, kept: Collection[str]) -> Iterator[MainLine]:
    """The games of a file, up to a damaged one, as what follows may be one of its variations."""
    text = decoded(data)
    original = text if utf_16(data) else data  # whose characters are whole
    start = _START.search(text)
    while start:
        line = MainLine(text, start.start(), kept, original)
        yield line
        start = None if line.end is None else _START.search(text, line.end)


def utf_16(data: bytes) -> str | None:
    """The codec of a file in UTF-16; None for other files."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return ("utf-16-be" if data[0] == 0 else "utf-16-le") if b"\0" in data[:2] else None


def decoded(data: bytes) -> bytes:
    """The file with every byte of a bracket being a bracket, and as long, but in UTF-8 if it is in UTF-16.

    In GBK, Big5 and Shift-JIS the second byte of a character may be "]" or a backslash. Declared encodings
    are unreliable, but the wrong decoding loses brackets, so the one with more tokens is right.
    """
    if codec := utf_16(data):
        return data.decode(codec, "replace").encode()
    try:
        data.decode()
    except UnicodeDecodeError:
        single = bytearray(data)
        for character in _TWO_BYTES.finditer(data):
            single[character.start() : character.end()] = b"??"
        return max((data, bytes(single)), key=_count)
    return data


def _count(data: bytes) -> int:
    """The number of tokens up to the first error inside a game."""
    count, start = 0, _START.search(data)
    while start:
        match = _TOKEN.scanner(data, start.start()).match  # type: ignore[attr-defined]
        last = None
        while token := match():
            count, last = count + 1, token
        start = _START.search(data, last.end()) if last and last[3] == b")" else None
    return count
