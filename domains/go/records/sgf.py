"""An SGF file as game records: the main line of each game as move codes.

Format: FF[4], https://www.red-bean.com/sgf/, and deviations of servers and programs: komi in hundredths or
stones, ranks in Chinese, points in capital letters, empty setup properties.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import chain
from operator import or_

from domains.go.board import LARGEST, SMALLEST, encode_move, move_colour, move_point
from domains.go.records.sgf_grammar import MainLine, Node, main_lines

FILE_LIMIT = 16 * 2**20  # bytes: about ten thousand games in one file
GAMES_LIMIT = 100_000  # in one file
MOVES_LIMIT = 10_000  # of one game; the longest played have about five hundred
NAME_LIMIT = 100  # bytes of a player's name
UNKNOWN = -128  # rank of a player without one

_COLOURS = {"B": 0, "W": 1}
_SETUP = ("AB", "AW", "AE")
_ROOT = ("AP", "BR", "CA", "DT", "GM", "HA", "KM", "PB", "PW", "RE", "SZ", "WR")
_KEPT = {*_COLOURS, *_SETUP, *_ROOT, "PL"}
_RANK = re.compile(r"\s*(p?)(\d{1,2})\s*(k|d|p|段|级|級)", re.IGNORECASE)  # 6d, 3 kyu, 9p, Honinbo; P9段
_KINDS = {"段": "d", "级": "k", "級": "k"}
_KOMI = re.compile(r"[+-]?(?:\d{1,4}(?:[.,]\d{0,3})?|[.,]\d{1,3})", re.ASCII)


@dataclass
class Record:
    """A game as in its file; its moves may be illegal."""

    size: int
    setup: list[int] = field(default_factory=list)  # codes of the stones before the first move
    moves: list[int] = field(default_factory=list)  # codes
    moves_before: int = 0  # in the file, that are handicap stones
    to_play: int = 0  # colour to play after the last move
    handicap: int = 0  # stones
    players: tuple[str, str] = ("", "")  # names of black and of white
    ranks: tuple[int, int] = (UNKNOWN, UNKNOWN)  # of black and of white, see ``rank``
    result: str = ""
    date: str = ""
    komi: float | None = None  # None: missing or impossible
    stopped: str = ""  # why the moves end before the record does
    stopped_at: str = ""  # and at which property


class UnusableError(Exception):
    """A game that cannot be used: a short reason for counting, and a detail of this game."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def rank(text: str) -> int:
    """A rank as a number that grows with strength: 2k = -1, 1k = 0, 1d = 1 … 9d = 9, 1p = 10 … 9p = 18.

    Everything else ("?", "insei", a title) is UNKNOWN, below all ranks.
    """
    match = _RANK.match(text)
    if not match:
        return UNKNOWN
    number, kind = int(match[2]), _KINDS.get(match[3], match[3].lower())
    if match[1]:
        kind = {"d": "p"}.get(kind, "")  # P9段, as Fox marks professionals
    return {"k": 1 - number, "d": number, "p": 9 + number}.get(kind, UNKNOWN)


def read_sgf(data: bytes) -> Iterator[Record | UnusableError]:
    """Read all games of a file; unusable ones are returned as errors, so that reading continues.

    Reading ends at a damaged game, and after GAMES_LIMIT games.

    Args:
        data: the file's bytes, in any encoding; moves are ASCII in all of them.
    """
    number = -1
    for number, line in enumerate(main_lines(data, _KEPT)):
        if number == GAMES_LIMIT:
            yield UnusableError("unreadable", f"more than {GAMES_LIMIT:,} games in one file")
            return
        yield _game(line)
    if number < 0:
        yield UnusableError("unreadable", "no SGF data")


def _game(line: MainLine) -> Record | UnusableError:
    nodes = iter(line)
    game: Record | UnusableError
    try:
        game = _record(nodes)
    except UnusableError as error:
        game = error
    for _ in nodes:  # to the game's end
        pass
    if line.end is None:
        return UnusableError("unreadable", "the game is truncated or broken")
    return game


def _record(nodes: Iterator[Node]) -> Record:
    root = next(nodes, {})
    kind, komi, handicap, black_rank, white_rank, result, date = (
        _text(root, name) for name in ("GM", "KM", "HA", "BR", "WR", "RE", "DT")
    )
    if kind not in ("", "1"):
        raise UnusableError("not Go", f"GM[{kind}]")
    game = Record(_size(_text(root, "SZ")), ranks=(rank(black_rank), rank(white_rank)))
    game.players = _name(root, "PB"), _name(root, "PW")
    game.result, game.date = result[:16], date[:16]
    game.komi = _komi(komi, game.size, fox=any(b"foxwq" in value for value in root.get("AP", ())))
    stones = 0, 0
    turn = None  # colour to play, if a node sets it
    for node in chain([root], nodes):
        if "" in node:
            raise UnusableError("unreadable", f"a value without a property: [{_text(node, '')}]")
        if any(value.strip() for name in _SETUP if name in node for value in node[name]):  # not "AB[]"
            if game.moves:
                game.stopped, game.stopped_at = "setup after the first move", "stones added or removed"
                break
            stones = _set_up(node, game.size, *stones)
        if "PL" in node:
            turn = _COLOURS.get(_text(node, "PL")[:1].upper(), turn)
        if not _play(node, game):
            break
        if not _COLOURS.keys().isdisjoint(node):
            turn = 1 - move_colour(game.moves[-1])
    black, white = (_points_of(mask) for mask in stones)
    colours = [move_colour(code) for code in game.moves[:10]]
    run = colours.index(1) if 1 in colours else 0  # of black moves before the first white one
    if run >= 2 and not black and not white:  # handicap stones written as moves
        black = sorted({move_point(code) for code in game.moves[:run]})
        game.moves, game.moves_before = game.moves[run:], run
    game.setup = sorted(encode_move(point, colour) for colour in (0, 1) for point in (black, white)[colour])
    game.handicap = max(int(handicap) if re.fullmatch(r"\d{1,2}", handicap) else 0, len(black))
    game.to_play = int(bool(black) and not white) if turn is None else turn
    return game


def _play(node: Node, game: Record) -> bool:
    """Add the moves of a node to the game; False if they cannot be read."""
    points = _points(game.size)
    for name, values in node.items():
        if name not in _COLOURS:
            continue
        value = next(iter(values)) if len(values) == 1 else b"several"
        point = points[value] if value in points else points.get(_letters(value))
        if point is None:
            game.stopped, game.stopped_at = "unreadable move", f"{name}[{_shown(b']['.join(values))}]"
            return False
        if len(game.moves) == MOVES_LIMIT:
            game.stopped, game.stopped_at = "too long", f"more than {MOVES_LIMIT:,} moves"
            return False
        game.moves.append(encode_move(point, _COLOURS[name]))
    return True


def _set_up(node: Node, size: int, black: int, white: int) -> tuple[int, int]:
    """The stones after the setup of a node; the bits of an integer are a set of points."""
    put_black, put_white, cleared = (
        reduce(or_, (_rectangle(value, size) for value in node.get(name, ())), 0) for name in _SETUP
    )
    twice = (put_black & put_white) | ((put_black | put_white) & cleared)
    if twice:
        point = _points_of(twice)[0]
        letters = chr(ord("a") + point % size) + chr(ord("a") + point // size)
        raise UnusableError("illegal setup", f"two colours on point {letters}")
    return (black & ~(put_white | cleared)) | put_black, (white & ~(put_black | cleared)) | put_white


@lru_cache(2**16)
def _rectangle(value: bytes, size: int) -> int:
    """The points of "dd" or of the rectangle "cc:ee"; none of an empty value."""
    first, _, last = _letters(value).partition(b":")
    if not first and not last:
        return 0
    corners = [_points(size).get(name, size * size) for name in (first, last or first)]
    if size * size in corners:
        raise UnusableError("illegal setup", f"not a point of the board: {_shown(value)}")
    rows, columns = zip(*(divmod(point, size) for point in corners), strict=True)
    row = ((1 << (max(columns) - min(columns) + 1)) - 1) << min(columns)
    return sum(row << (size * y) for y in range(min(rows), max(rows) + 1))


def _points_of(mask: int) -> list[int]:
    return [point for point in range(mask.bit_length()) if mask >> point & 1]


def _letters(value: bytes) -> bytes:
    """A point without white space, in lower case (only larger boards need capitals)."""
    return b"".join(value.split()).lower()


@lru_cache
def _points(size: int) -> dict[bytes, int]:
    """Points by their SGF letters, passes included."""
    letters = [bytes([ord("a") + i]) for i in range(size)]
    points = {x + y: row * size + col for row, y in enumerate(letters) for col, x in enumerate(letters)}
    return points | {b"": size * size, b"tt": size * size}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,3})(?:\s*[:x]\s*(\d{1,3}))?", text or "19")
    if not match:
        raise UnusableError("unreadable", f"SZ[{text}]")
    columns, rows = int(match[1]), int(match[2] or match[1])
    if columns != rows or not SMALLEST <= columns <= LARGEST:
        raise UnusableError("board size", f"{columns}×{rows}")
    return columns


def _komi(text: str, size: int, fox: bool) -> float | None:
    """Komi in points; None if it is missing or would decide the game.

    Fox writes hundredths: 650. Under Chinese rules it counts stones of two points: 375 is 7.5, which others
    write as 3.75.
    """
    if not _KOMI.fullmatch(text):
        return None
    komi = float(text.replace(",", "."))
    hundredths = abs(komi) >= (25 if fox else 200)
    if hundredths:
        komi /= 100
    if 4 * komi % 2 == 1 or (hundredths and 2 <= abs(komi) <= 4):
        komi *= 2
    return komi if abs(komi) <= size**2 / 2 else None


def _text(node: Node, name: str) -> str:
    return _shown(next(iter(node.get(name, ())), b"")).strip()


def _name(root: Node, key: str) -> str:
    """A player's name, in UTF-8, the declared encoding or that of most other files."""
    value = next(iter(root.get(key, ())), b"")[:NAME_LIMIT]
    for encoding in ("utf-8", _text(root, "CA"), "gb18030"):
        try:
            return " ".join("".join(c if c.isprintable() else " " for c in value.decode(encoding)).split())
        except (LookupError, ValueError):  # no such encoding, or another one
            pass
    return ""


def _shown(value: bytes) -> str:
    """Short and printable, for terminals."""
    return "".join(c if c.isprintable() else " " for c in value[:24].decode("utf-8", "ignore"))
