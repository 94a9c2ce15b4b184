"""The bytes of an SGF file as games: the nodes of each main line, one after the other, in little memory.

Source of the grammar: FF[4], https://www.red-bean.com/sgf/. As in sgfmill's parser, junk before a game is
skipped, and so are small letters in the names of properties, which older forms have ("AddBlack").
"""

import re
from collections.abc import Collection, Iterator

Node = dict[str, dict[bytes, None]]  # values by property, in order, each once; "" has those of no property

# The repetitions never give back what they took: an unclosed bracket costs no more than its length.
_TOKEN = re.compile(rb"\s*+(?:\[([^\\\]]*+(?:\\.[^\\\]]*+)*+)\]|([A-Za-z]{1,64}+)|([;()]))", re.DOTALL)
_VALUE, _NAME = 1, 2  # groups of the above; the third is punctuation
_START = re.compile(rb"\(\s*+(?:;|[A-Z]{2}\s*+\[)")  # some servers leave out the first semicolon
_SMALL = bytes(range(ord("a"), ord("z") + 1))
_TWO_BYTES = re.compile(rb"[\x81-\xfe][\x30-\xfe]")  # a character in the encodings of East Asia


class MainLine:
    """The nodes of a game's first variation throughout: all that stands before the first closing bracket.

    Args:
        data: the file.
        start: where the game begins.
        kept: the properties that are wanted.

    Attributes:
        end: where the game ends, once all nodes have been taken; None if it is cut or broken.
    """

    def __init__(self, data: bytes, start: int, kept: Collection[str]):
        self.data, self.start, self.kept = data, start, kept
        self.end: int | None = None

    def __iter__(self) -> Iterator[Node]:
        depth, inside = 0, True  # inside the first variation
        node: Node = {}
        stray: dict[bytes, None] = {}  # values before any name
        values: dict[bytes, None] | None = None
        for token in iter(_TOKEN.scanner(self.data, self.start).match, None):  # type: ignore[attr-defined]
            kind = token.lastindex
            if kind == _VALUE:
                if values is not None:
                    values[token[_VALUE]] = None
            elif kind == _NAME:
                name = token[_NAME].translate(None, _SMALL).decode()
                values = node.setdefault(name, {}) if inside and name in self.kept else None
            else:
                if stray:
                    node[""] = stray
                if inside and node:
                    yield node
                node, stray = {}, {}
                values = stray
                if token[3] == b"(":
                    depth += 1
                elif token[3] == b")":
                    inside = False
                    depth -= 1
                    if depth == 0:
                        self.end = token.end()
                        return


def main_lines(data: bytes, kept: Collection[str]) -> Iterator[MainLine]:
    """The games of a file. A damaged one is the last: what follows could be one of its own variations."""
    data = _reading(data)
    start = _START.search(data)
    while start:
        line = MainLine(data, start.start(), kept)
        yield line
        start = None if line.end is None else _START.search(data, line.end)


def _reading(data: bytes) -> bytes:
    """The file as bytes in which all brackets are brackets.

    In GBK, Big5 and Shift-JIS the second byte of a character can be "]" or a backslash. The encoding that a
    file declares is no proof. But to read it wrongly swallows brackets, so of two readings the one with more
    tokens is right.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").encode()
    if b"\0" in data[:2]:
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le", "replace").encode()
    try:
        data.decode()
    except UnicodeDecodeError:
        single = bytearray(data)
        for character in _TWO_BYTES.finditer(data):
            single[character.start() : character.end()] = b"??"
        return max((data, bytes(single)), key=_count)
    return data


def _count(data: bytes) -> int:
    """Tokens up to the first thing inside a game that is none."""
    count, start = 0, _START.search(data)
    while start:
        match = _TOKEN.scanner(data, start.start()).match  # type: ignore[attr-defined]
        last = None
        while token := match():
            count, last = count + 1, token
        start = _START.search(data, last.end()) if last and last[3] == b")" else None
    return count
