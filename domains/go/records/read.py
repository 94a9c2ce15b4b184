"""All game records of a path as flat columns, with what was skipped and what is odd about them; cached.

No filter acts here, so that the cache serves all filters.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.go.board import first_illegal
from domains.go.records.sgf import FILE_LIMIT, Record, UnusableError, read_sgf
from shared.config import reading
from shared.files import Arrays, Inventory, cached_arrays, identity, members

SUFFIXES = (".sgf",)
KIND = "games-2"  # count on when what stands in the cache changes its form or its meaning
OPENING = 30  # moves that decide the side of a split: two games alike so far stand on the same one


class Records(NamedTuple):
    """What a path holds.

    Attributes:
        columns: those of ``games.Games`` that a file says.
        seen: what was skipped: games that cannot be used, files of other kinds.
        cut: games that are used only up to something that is wrong.
    """

    columns: Arrays
    seen: Inventory
    cut: Inventory


def read_records(path: Path, cache: Path | None = None) -> Records:
    """Read the SGF files of a path.

    Raises:
        UserError: nothing to read, or a broken archive (see ``archive.members``).
    """
    columns = cached_arrays(lambda: _read(path), path, KIND, cache=cache)
    seen, cut = (Inventory.of_array(columns.pop(name)) for name in ("seen", "cut"))
    columns["name"] = np.array(_lines(columns["name"]), object)
    return Records(columns, seen, cut)


def join(parts: Sequence[Arrays]) -> Arrays:
    """The columns of several paths, one after the other."""
    whole = {}
    for name in parts[0]:
        columns = [part[name] for part in parts]
        if name.endswith("_start"):
            before = np.cumsum([0, *(column[-1] for column in columns[:-1])])
            columns = [column[:-1] + first for column, first in zip(columns, before, strict=True)]
            columns.append(np.array([before[-1] + parts[-1][name][-1]]))
        whole[name] = np.concatenate(columns)
    return whole


def _read(path: Path) -> Arrays:
    starts = {"setup": array("q", [0]), "moves": array("q", [0])}
    codes = {"setup": array("h"), "moves": array("h")}
    single: dict[str, list[object]] = {
        name: []
        for name in ("size", "to_play", "handicap", "rank", "result", "date", "name", "identity", "opening")
    }
    seen, cut = Inventory(), Inventory()
    for name, game in _games(path, seen):
        if isinstance(game, UnusableError):
            seen.skip(name, game.reason, game.found)
            continue
        setup, moves = np.array(game.setup, np.int16), np.array(game.moves, np.int16)
        legal = first_illegal(game.size, setup, moves, superko=False)
        if legal < 0:
            seen.skip(name, "illegal setup", "setup stones without liberties")
            continue
        to_play = game.to_play
        if legal < len(moves):
            cut.skip(name, "illegal move", f"move {legal + 1} is illegal")
            to_play = int(moves[legal] & 1)
        elif game.stopped:
            cut.skip(name, game.stopped, f"{game.found} at move {legal + 1}")
        moves = moves[:legal]
        for kind, values in (("setup", setup), ("moves", moves)):
            codes[kind].frombytes(values.tobytes())
            starts[kind].append(len(codes[kind]))
        identity, opening = _hashes(game.size, setup, moves)
        row = (
            *(game.size, to_play, game.handicap, game.ranks, game.result, game.date),
            *(name, identity, opening),
        )
        for column, value in zip(single.values(), row, strict=True):
            column.append(value)
    return {
        "size": np.array(single["size"], np.uint8),
        "to_play": np.array(single["to_play"], np.uint8),
        "setup_start": np.array(starts["setup"]),
        "setup": np.array(codes["setup"]),
        "move_start": np.array(starts["moves"]),
        "moves": np.array(codes["moves"]),
        "handicap": np.array(single["handicap"], np.int16),
        "rank": np.array(single["rank"], np.int8).reshape(-1, 2),
        "result": np.array(single["result"], "U16"),
        "date": np.array(single["date"], "U16"),
        "name": _bytes(single["name"]),
        "identity": np.array(single["identity"], np.uint64),
        "opening": np.array(single["opening"], np.uint64),
        "seen": seen.array(),
        "cut": cut.array(),
    }


def _games(path: Path, seen: Inventory) -> Iterator[tuple[str, Record | UnusableError]]:
    found = members(path, SUFFIXES, seen=seen, member_limit=FILE_LIMIT)
    for member in reading(found, f"reading {path.name}"):
        for game in read_sgf(member.data):
            yield member.name, game


def _hashes(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16]) -> tuple[int, int]:
    """Two numbers that turned and mirrored games share: one of all the moves, one of the first."""
    forms = _symmetries(size)
    stones = np.sort(forms[:, setup], axis=1)
    whole = np.concatenate([stones, np.full((8, 1), -1, np.int16), forms[:, moves]], axis=1)
    return _hash(size, whole), _hash(size, whole[:, : len(setup) + 1 + OPENING])


def _hash(size: int, forms: NDArray[np.int16]) -> int:
    least = min(form.tobytes() for form in forms)
    return identity(bytes([size]) + least)


@lru_cache
def _symmetries(size: int) -> NDArray[np.int16]:
    """Codes as they are after each of the eight turns and reflections, (8, codes); a pass stays a pass."""
    board = np.arange(size * size).reshape(size, size)
    turned = [np.rot90(side, turns).ravel() for side in (board, board.T) for turns in range(4)]
    points = np.concatenate([np.stack(turned), np.full((8, 1), size * size)], axis=1)
    return (2 * points[:, :, None] + np.arange(2)).reshape(8, -1).astype(np.int16)


def _bytes(lines: Iterable[object]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(map(str, lines)).encode(), np.uint8)


def _lines(data: NDArray[np.uint8]) -> list[str]:
    return data.tobytes().decode().split("\n") if data.size else []
