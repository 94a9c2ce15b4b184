"""All game records of a path as columns, with what was skipped; cached, before any filter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.go.board import encode_move, first_illegal, move_colour, move_point, symmetries
from domains.go.records.sgf import FILE_LIMIT, Record, UnusableError, read_sgf
from shared.config import reading
from shared.files import Arrays, Inventory, cached_arrays, identity, members

SUFFIXES = (".sgf",)
VERSION = "games-5"  # of the cached columns: increase it when their form or meaning changes
OPENING = 30  # moves that decide the split: games that share them are in the same split
COLUMNS: dict[str, Any] = {
    "size": np.uint8, "to_play": np.uint8, "handicap": np.int16, "player": object, "rank": np.int8,
    "result": "U16", "date": "U16", "name": object, "identity": np.uint64, "opening": np.uint64,
}  # fmt: skip
TEXTS = ("player", "name")  # of the columns, those that are kept as the bytes of lines


class Records(NamedTuple):
    """The game records of a path.

    Attributes:
        columns: of ``GameRecords``, but ``setup_length`` and ``moves_length`` in place of starts, and no
            ``counts``.
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
    columns |= {name: lines_of(columns[name]) for name in TEXTS}
    return Records(columns, seen, cut)


def _read(path: Path) -> Arrays:
    seen, cut = Inventory(), Inventory()
    rows: list[tuple[Any, ...]] = []
    setups, played = ([np.empty(0, np.int16)] for _ in range(2))
    for name, game in _games(path, seen):
        if isinstance(game, UnusableError):
            seen.skip(name, game.reason, game.detail)
            continue
        setup, moves, to_play = np.array(game.setup, np.int16), np.array(game.moves, np.int16), game.to_play
        legal = first_illegal(game.size, setup, moves)
        if legal < 0:
            seen.skip(name, "illegal setup", "setup stones without liberties")
            continue
        if legal < len(moves):
            cut.skip(name, "illegal move", f"move {legal + 1} is illegal")
            to_play = int(move_colour(moves[legal]))
        elif game.stopped:
            cut.skip(name, game.stopped, f"{game.stopped_at} at move {legal + 1}")
        setups.append(setup)
        played.append(moves[:legal])
        facts = game.handicap, "\t".join(game.players), game.ranks, game.result, game.date
        rows.append((game.size, to_play, *facts, name, *hashes(game.size, setup, moves[:legal])))
    columns = {
        name: np.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(COLUMNS.items())
    }
    for name, arrays in (("setup", setups), ("moves", played)):
        columns[name] = np.concatenate(arrays)
        columns[f"{name}_length"] = np.array([len(codes) for codes in arrays[1:]], np.int64)
    columns["rank"] = columns["rank"].reshape(-1, 2)
    for name in TEXTS:
        columns[name] = np.frombuffer("\n".join(columns[name]).encode(), np.uint8)
    return columns | {"seen": seen.array(), "cut": cut.array()}


def lines_of(text: NDArray[np.uint8]) -> NDArray[np.object_]:
    """The lines of a column of TEXTS, one for each game."""
    decoded = text.tobytes().decode(errors="replace")
    return np.array(decoded.split("\n") if decoded else [], object)


def _games(path: Path, seen: Inventory) -> Iterator[tuple[str, Record | UnusableError]]:
    files = members(path, SUFFIXES, seen=seen, member_limit=FILE_LIMIT)
    for member in reading(files, f"reading {path.name}"):
        for game in read_sgf(member.data):
            yield member.name, game


def hashes(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16]) -> list[int]:
    """Two hashes that rotated and mirrored games share: of all moves, and of the first."""
    setups, forms = (
        encode_move(symmetries(size)[:, move_point(codes)], move_colour(codes)).astype(np.int16)
        for codes in (setup, moves)
    )
    lines = np.concatenate([np.sort(setups, axis=1), np.full((8, 1), -1, np.int16), forms], axis=1)
    return [
        identity(bytes([size]) + min(form[:end].tobytes() for form in lines))
        for end in (None, len(setup) + 1 + OPENING)
    ]
