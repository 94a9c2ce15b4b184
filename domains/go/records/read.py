"""All game records of a path as flat columns, with what was skipped; cached, before any filter."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.go.board import encode_move, first_illegal, move_colour, symmetries
from domains.go.records.sgf import FILE_LIMIT, Record, UnusableError, read_sgf
from shared.config import reading
from shared.files import Arrays, Inventory, cached_arrays, identity, members

SUFFIXES = (".sgf",)
VERSION = "games-3"  # of the cached columns: increase it when their form or meaning changes
OPENING = 30  # moves that decide the split: games that share them are in the same split


class Records(NamedTuple):
    """The game records of a path.

    Attributes:
        columns: of ``GameRecords``, except ``counts``.
        seen: skipped games and files.
        cut: games that are used up to an error.
    """

    columns: Arrays
    seen: Inventory
    cut: Inventory


def read_records(path: Path, cache: Path | None = None) -> Records:
    """Read the SGF files of a path.

    Raises:
        UserError: nothing to read, or a broken archive (see ``archive.members``).
    """
    columns = cached_arrays(lambda: _read(path), path, VERSION, cache=cache)
    seen, cut = (Inventory.of_array(columns.pop(name)) for name in ("seen", "cut"))
    columns["name"] = np.array(_lines(columns["name"]), object)
    return Records(columns, seen, cut)


def join(parts: Sequence[Arrays]) -> Arrays:
    """The concatenated columns of several paths."""
    joined = {}
    for name in parts[0]:
        columns = [part[name] for part in parts]
        if name.endswith("_start"):
            before = np.cumsum([0, *(column[-1] for column in columns[:-1])])
            columns = [column[:-1] + first for column, first in zip(columns, before, strict=True)]
            columns.append(np.array([before[-1] + parts[-1][name][-1]]))
        joined[name] = np.concatenate(columns)
    return joined


def _read(path: Path) -> Arrays:
    starts = {"setup": array("q", [0]), "moves": array("q", [0])}
    codes = {"setup": array("h"), "moves": array("h")}
    fields: dict[str, list[object]] = {
        name: []
        for name in ("size", "to_play", "handicap", "rank", "result", "date", "name", "identity", "opening")
    }
    seen, cut = Inventory(), Inventory()
    for name, game in _games(path, seen):
        if isinstance(game, UnusableError):
            seen.skip(name, game.reason, game.detail)
            continue
        setup, moves = np.array(game.setup, np.int16), np.array(game.moves, np.int16)
        legal = first_illegal(game.size, setup, moves)
        if legal < 0:
            seen.skip(name, "illegal setup", "setup stones without liberties")
            continue
        to_play = game.to_play
        if legal < len(moves):
            cut.skip(name, "illegal move", f"move {legal + 1} is illegal")
            to_play = int(move_colour(moves[legal]))
        elif game.stopped:
            cut.skip(name, game.stopped, f"{game.stopped_at} at move {legal + 1}")
        moves = moves[:legal]
        for kind, values in (("setup", setup), ("moves", moves)):
            codes[kind].frombytes(values.tobytes())
            starts[kind].append(len(codes[kind]))
        identity, opening = _hashes(game.size, setup, moves)
        row = (
            *(game.size, to_play, game.handicap, game.ranks, game.result, game.date),
            *(name, identity, opening),
        )
        for column, value in zip(fields.values(), row, strict=True):
            column.append(value)
    return {
        "size": np.array(fields["size"], np.uint8),
        "to_play": np.array(fields["to_play"], np.uint8),
        "setup_start": np.array(starts["setup"]),
        "setup": np.array(codes["setup"]),
        "move_start": np.array(starts["moves"]),
        "moves": np.array(codes["moves"]),
        "handicap": np.array(fields["handicap"], np.int16),
        "rank": np.array(fields["rank"], np.int8).reshape(-1, 2),
        "result": np.array(fields["result"], "U16"),
        "date": np.array(fields["date"], "U16"),
        "name": _bytes(fields["name"]),
        "identity": np.array(fields["identity"], np.uint64),
        "opening": np.array(fields["opening"], np.uint64),
        "seen": seen.array(),
        "cut": cut.array(),
    }


def _games(path: Path, seen: Inventory) -> Iterator[tuple[str, Record | UnusableError]]:
    files = members(path, SUFFIXES, seen=seen, member_limit=FILE_LIMIT)
    for member in reading(files, f"reading {path.name}"):
        for game in read_sgf(member.data):
            yield member.name, game


def _hashes(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16]) -> tuple[int, int]:
    """Two hashes that rotated and mirrored games share: of all moves, and of the first."""
    forms = _symmetries(size)
    stones = np.sort(forms[:, setup], axis=1)
    lines = np.concatenate([stones, np.full((8, 1), -1, np.int16), forms[:, moves]], axis=1)
    return _hash(size, lines), _hash(size, lines[:, : len(setup) + 1 + OPENING])


def _hash(size: int, forms: NDArray[np.int16]) -> int:
    return identity(bytes([size]) + min(form.tobytes() for form in forms))


@lru_cache
def _symmetries(size: int) -> NDArray[np.int16]:
    """(8, codes) the code of each move in each symmetry of the board; a pass stays a pass."""
    points = np.concatenate([symmetries(size), np.full((8, 1), size * size)], axis=1)
    return encode_move(points[:, :, None], np.arange(2)).reshape(8, -1).astype(np.int16)


def _bytes(lines: Iterable[object]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(map(str, lines)).encode(), np.uint8)


def _lines(data: NDArray[np.uint8]) -> list[str]:
    return data.tobytes().decode().split("\n") if data.size else []
