"""One SGF file as game records: the main line of each game, as codes (see ``games``).

Grammar and tokens are sgfmill's. Source of the format: FF[4], https://www.red-bean.com/sgf/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from sgfmill.sgf_grammar import tokenise

from domains.go.state import LARGEST, SMALLEST

FILE_LIMIT = 16 * 2**20  # bytes: about ten thousand games in one file
UNKNOWN = -128  # the rank of a player who has none

Tokens = list[tuple[str, bytes]]
Node = dict[str, list[bytes]]

_COLOURS = {"B": 0, "W": 1}
_SETUP = {"AB": 0, "AW": 1, "AE": None}
_RANK = re.compile(r"\s*(\d{1,2})\s*(k|d|p)", re.IGNORECASE)  # 6d, 3 kyu, 9p, Honinbo
_TWO_BYTES = re.compile(rb"[\x81-\xfe][\x30-\xfe]")  # a character in the encodings of East Asia


@dataclass
class Record:
    """A game as its file tells it; nothing has been played yet, so moves may be illegal."""

    size: int
    setup: list[int] = field(default_factory=list)  # codes of the stones before the first move
    moves: list[int] = field(default_factory=list)  # codes
    handicap: int = 0  # stones
    ranks: tuple[int, int] = (UNKNOWN, UNKNOWN)  # of black and of white, see ``rank``
    result: str = ""
    date: str = ""
    komi: float | None = None  # as far as it is told
    stopped: str = ""  # why the moves end before the record does, if so
    found: str = ""  # and at what


class UnusableError(Exception):
    """A game that is no record for us: the reason, and what was found."""

    def __init__(self, reason: str, found: str) -> None:
        super().__init__(f"{reason}: {found}")
        self.reason, self.found = reason, found


def rank(text: str) -> int:
    """A rank as a number that grows with strength: 2k = -1, 1k = 0, 1d = 1 … 9d = 9, 1p = 10 … 9p = 18.

    Everything else ("?", "insei", a title) is UNKNOWN, which is below all ranks.
    """
    match = _RANK.match(text)
    if not match:
        return UNKNOWN
    number, kind = int(match[1]), match[2].lower()
    return {"k": 1 - number, "d": number, "p": 9 + number}[kind]


def read_sgf(data: bytes) -> Iterator[Record | UnusableError]:
    """Read all games of one file; what cannot be read is given back as a value, so that the rest goes on.

    A damaged game ends the file: what follows it could be one of its own variations.

    Args:
        data: the file's bytes, in whatever encoding; moves are ASCII in all of them.
    """
    empty = True
    for tokens in _games(_reading(data)):
        empty = False
        try:
            yield _record(_main_line(tokens))
        except UnusableError as error:
            yield error
    if empty:
        yield UnusableError("unreadable", "no SGF data")


def _games(data: bytes) -> Iterator[Tokens]:
    position = 0
    while True:
        tokens, position = tokenise(data, position)
        if tokens:
            yield tokens
        if not _is_whole(tokens):
            break


def _is_whole(tokens: Tokens) -> bool:
    return bool(tokens) and tokens.count(("D", b"(")) == tokens.count(("D", b")"))


def _reading(data: bytes) -> bytes:
    """The file as bytes in which all brackets are brackets.

    In GBK, Big5 and Shift-JIS the second byte of a character can be "]" or a backslash. The encoding that a
    file declares is no proof. But to read it wrongly swallows brackets, so of two readings the one with more
    tokens is right.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").encode()
    try:
        data.decode()
    except UnicodeDecodeError:
        readings = (data, _TWO_BYTES.sub(b"??", data))
        return max(readings, key=lambda text: sum(map(len, _games(text))))
    return data


def _main_line(tokens: Tokens) -> list[Node]:
    """The nodes of the first variation throughout: all that stands before the first closing bracket."""
    if not _is_whole(tokens):
        raise UnusableError("unreadable", "the game is cut or broken before its last bracket")
    nodes: list[Node] = []
    values: list[bytes] | None = None
    for kind, text in tokens:
        if kind == "D":
            if text == b")":
                break
            if text == b";":
                nodes.append({})
            values = None
        elif kind == "I":
            values = nodes[-1].setdefault(text.decode(), [])
        elif values is None:
            raise UnusableError("unreadable", f"a value without a property: [{_shown(text)}]")
        else:
            values.append(text)
    return nodes


def _record(nodes: list[Node]) -> Record:
    root = nodes[0]
    if _text(root, "GM") not in ("", "1"):
        raise UnusableError("not Go", f"GM[{_text(root, 'GM')}]")
    game = Record(
        size=_size(_text(root, "SZ")),
        ranks=(rank(_text(root, "BR")), rank(_text(root, "WR"))),
        result=_text(root, "RE")[:16],
        date=_text(root, "DT")[:16],
        komi=_komi(_text(root, "KM")),
    )
    points = _points(game.size)
    stones: dict[int, int] = {}
    for node in nodes:
        if game.stopped:
            break
        if not _SETUP.keys().isdisjoint(node):
            if game.moves:
                game.stopped, game.found = "setup after the first move", "stones are put or taken away"
                break
            _set_up(node, points, stones)
        for name, values in node.items():
            if name not in _COLOURS:
                continue
            point = points.get(values[0]) if len(values) == 1 else None
            if point is None:
                game.stopped, game.found = "unreadable move", f"{name}[{_shown(b']['.join(values))}]"
                break
            game.moves.append(2 * point + _COLOURS[name])
    if not stones:
        placed = _handicap_moves(game)
        stones = {code >> 1: 0 for code in game.moves[:placed]}
        game.moves = game.moves[placed:]
    game.setup = [2 * point + colour for point, colour in sorted(stones.items())]
    black = sum(colour == 0 for colour in stones.values())
    handicap = _text(root, "HA")
    game.handicap = max(int(handicap) if re.fullmatch(r"\d{1,2}", handicap) else 0, black)
    return game


def _set_up(node: Node, points: dict[bytes, int], stones: dict[int, int]) -> None:
    placed: dict[int, int | None] = {}
    for name, colour in _SETUP.items():
        for value in node.get(name, []):
            for point in _rectangle(value, points):
                if placed.setdefault(point, colour) != colour:
                    raise UnusableError("illegal setup", f"two colours on point {_shown(value)}")
    for point, colour in placed.items():
        if colour is None:
            stones.pop(point, None)
        else:
            stones[point] = colour


def _rectangle(value: bytes, points: dict[bytes, int]) -> list[int]:
    """The points of "dd", or of "cc:ee" (a compressed list of points)."""
    first, _, last = value.partition(b":")
    names = [first, last or first]
    if not all(len(name) == 2 and name in points for name in names) or names[0] == b"tt":
        raise UnusableError("illegal setup", f"no point of the board: {_shown(value)}")
    (left, top), (right, bottom) = names
    return [points[bytes((x, y))] for y in range(top, bottom + 1) for x in range(left, right + 1)]


def _handicap_moves(game: Record) -> int:
    """How many handicap stones are written as moves: black's 2 … 9 before white's first."""
    colours = [code & 1 for code in game.moves[:10]]
    run = colours.index(1) if 1 in colours else 0
    return run if run >= 2 else 0


@lru_cache
def _points(size: int) -> dict[bytes, int]:
    """SGF's letters as points; a pass is the point beyond the last."""
    letters = [bytes([ord("a") + i]) for i in range(size)]
    points = {x + y: row * size + col for row, y in enumerate(letters) for col, x in enumerate(letters)}
    return points | {b"": size * size, b"tt": size * size}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,3})(?:\s*:\s*(\d{1,3}))?", text or "19")
    if not match:
        raise UnusableError("unreadable", f"SZ[{text}]")
    columns, rows = int(match[1]), int(match[2] or match[1])
    if columns != rows or not SMALLEST <= columns <= LARGEST:
        raise UnusableError("board size", f"{columns}×{rows}")
    return columns


def _komi(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,3})?", text) else None


def _text(node: Node, name: str) -> str:
    values = node.get(name) or [b""]
    return _shown(values[0]).strip()


def _shown(value: bytes) -> str:
    """Short and printable: records come from strangers and go to terminals."""
    return "".join(c if c.isprintable() else " " for c in value[:24].decode("ascii", "ignore"))
