"""Game records as flat arrays: the one store that the rules, the planes and the loader read.

A move is one int16 code, ``2 * point + colour``: point = row * size + column, counted from the top left as
SGF counts ("aa" = 0), colour 0 black, 1 white. A pass is the point ``size * size``. A *position* is (game g,
ply t): the board before move t, with the colour of move t to play.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domains.go.records import Oddity, join, read_records
from domains.go.sgf import UNKNOWN, rank
from shared.archive import where
from shared.cache import Arrays
from shared.errors import UserError


@dataclass(frozen=True)
class Games:
    """G games; game g owns ``setup[setup_start[g]:setup_start[g + 1]]`` and likewise its moves."""

    size: NDArray[np.uint8]  # (G,) side of the board
    setup_start: NDArray[np.int64]  # (G + 1,)
    setup: NDArray[np.int16]  # codes of setup and handicap stones, before the first move
    move_start: NDArray[np.int64]  # (G + 1,)
    moves: NDArray[np.int16]  # codes of the moves; legal ones only
    counts: NDArray[np.bool_]  # of each move: it is no pass, and its player is strong enough
    handicap: NDArray[np.int16]  # (G,) stones
    rank: NDArray[np.int8]  # (G, 2) of black and white, see ``sgf.rank``
    result: NDArray[np.str_]  # (G,) as the record writes it: B+R, W+3.5
    date: NDArray[np.str_]  # (G,) as the record writes it
    name: NDArray[np.object_]  # (G,) of the file, inside the folder or archive
    identity: NDArray[np.uint64]  # (G,) alike for games of the same moves, turned and mirrored ones included
    opening: NDArray[np.uint64]  # (G,) the same of the first moves: the split goes by it
    summary: str  # what was read and what was left out, by reason


def read_games(
    path: str | Path | Sequence[str],
    *,
    size: int = 19,
    max_handicap: int | None = None,
    min_rank: str | None = None,
    min_moves: int = 1,
    strict: bool = False,
    cache: Path | None = None,
    progress: bool = True,
) -> Games:
    """Read game records; of equal ones, turned and mirrored ones included, the first.

    A game is used up to its first illegal move (suicide and retaking a ko at once are; repeating an earlier
    position is not), and up to stones that are put on the board or taken away after its first move.

    Args:
        path: an SGF file, a folder, or an archive (zip, tar, tar.gz, tar.xz, tar.bz2); or several.
        size: games on other boards are left out.
        max_handicap: games with more handicap stones are left out.
        min_rank: such as "6d": only moves of players at least that strong count, and games without any are
            left out; 9p > 1p > 9d > 1d > 1k; unknown is below all.
        min_moves: games with fewer moves are left out.
        strict: raise for what is odd in a record or not on a board of ``size``, instead of counting it.
        cache: folder for the parsed games, see ``shared.cache.folder``.
        progress: show a bar while reading.

    Raises:
        UserError: nothing to read, a broken archive, no game left; with ``strict`` the first oddity.
    """
    paths = [Path(each) for each in ([path] if isinstance(path, str | Path) else path)]
    if not paths:
        raise UserError("path: an empty list; name the files of the games")
    least = UNKNOWN if min_rank is None else rank(min_rank)
    if min_rank is not None and least == UNKNOWN:
        raise UserError(f"min_rank {min_rank!r}: write it as 6d, 3k or 9p")
    parts = [read_records(each, cache, progress) for each in paths]
    if strict:
        for each, part in zip(paths, parts, strict=True):
            _refuse(each, size, *part)
    columns = join([part for part, _ in parts])
    oddities = [odd for _, odd_ones in parts for odd in odd_ones]

    moves, start = columns["moves"], columns["move_start"]
    length = np.diff(start)
    game_of = np.repeat(np.arange(len(length)), length)
    counts = moves >> 1 != columns["size"][game_of].astype(np.int64) ** 2
    counts &= columns["rank"][game_of, moves & 1] >= least

    left_out = Counter(odd.reason for odd in oddities if not odd.kept)
    left = np.ones(len(length), bool)
    fewest = f"fewer than {min_moves} move{'s' * (min_moves != 1)}"
    for reason, good in (
        ("board size", columns["size"] == size),
        (
            f"handicap above {max_handicap}",
            columns["handicap"] <= (np.inf if max_handicap is None else max_handicap),
        ),
        (fewest, length >= min_moves),
        (f"no player of {min_rank}", columns["rank"].max(1, initial=UNKNOWN) >= least),
    ):
        left_out[reason] += int((left & ~good).sum())
        left &= good
    chosen = np.flatnonzero(left)
    _, first = np.unique(columns["identity"][chosen], return_index=True)
    left_out["duplicates"] += len(chosen) - len(first)
    chosen = chosen[np.sort(first)]

    cut = Counter(odd.reason for odd in oddities if odd.kept)
    picked = _take(columns | {"counts": counts}, chosen)
    read = len(length) + sum(not odd.kept for odd in oddities)
    told = " and ".join(each.name for each in paths)
    summary = f"{told}: {read:,} games read, {len(chosen):,} used, {picked['counts'].sum():,} positions"
    summary += _listed("; left out: ", left_out) + _listed("; used only up to there: ", cut)
    if not picked["counts"].any():
        reasons = [
            f"; {where(each, odd.name)}: {odd.reason} ({odd.found})"
            for each, (_, found) in zip(paths, parts, strict=True)
            for odd in found[:1]
        ]
        raise UserError(
            f"{', '.join(map(str, paths))}: no position to learn from ({summary}{''.join(reasons)})"
        )
    return Games(**picked, summary=summary)


def single(size: int, setup: Sequence[int], moves: Sequence[int]) -> Games:
    """One game by its stones and moves alone, as codes: what positions need."""
    return Games(
        size=np.array([size], np.uint8),
        setup_start=np.array([0, len(setup)]),
        setup=np.array(setup, np.int16),
        move_start=np.array([0, len(moves)]),
        moves=np.array(moves, np.int16),
        counts=np.ones(len(moves), bool),
        handicap=np.zeros(1, np.int16),
        rank=np.full((1, 2), UNKNOWN, np.int8),
        result=np.array([""]),
        date=np.array([""]),
        name=np.array([""], object),
        identity=np.zeros(1, np.uint64),
        opening=np.zeros(1, np.uint64),
        summary="",
    )


def split_of(games: Games, *, val: float, test: float) -> NDArray[np.uint8]:
    """Which side each game is on, (G,): 0 train, 1 val, 2 test, by a hash of its setup and first 30 moves.

    So a game's side never changes as others come and go, and its copies stand on the same side: turned and
    mirrored ones too, and ones that end sooner, if they have those moves.

    Args:
        games: the games.
        val: share of the validation games, 0 … 1.
        test: share of the test games.
    """
    if min(val, test) < 0 or val + test > 1:
        raise UserError(f"fractions val={val}, test={test}: must not be negative, and at most 1 together")
    draw = games.opening / 2.0**64
    return np.where(draw < test, 2, np.where(draw < test + val, 1, 0)).astype(np.uint8)


def positions(games: Games, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All positions that count of the chosen games.

    Args:
        games: the games.
        chosen: (G,), such as ``split_of(games, …) == 0``.

    Returns:
        Game and ply of each, both (N,), in the order of the games.
    """
    length = np.diff(games.move_start)
    game = np.repeat(np.arange(len(length)), length)
    place = np.flatnonzero(games.counts & chosen[game])
    return game[place], place - games.move_start[game[place]]


def _refuse(path: Path, size: int, columns: Arrays, oddities: list[Oddity]) -> None:
    for odd in oddities:
        raise UserError(f"{where(path, odd.name)}: {odd.reason}: {odd.found} (strict)")
    for g in np.flatnonzero(columns["size"] != size):
        found = columns["size"][g]
        raise UserError(
            f"{where(path, columns['name'][g])}: board size: {found}×{found}, not {size} (strict)"
        )


def _take(columns: Arrays, chosen: NDArray[np.int64]) -> Arrays:
    """The chosen games of all columns."""
    taken = {}
    for flat, start in (("setup", "setup_start"), ("moves", "move_start"), ("counts", "move_start")):
        first, length = columns[start][chosen], np.diff(columns[start])[chosen]
        taken[start] = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        place = np.arange(taken[start][-1]) + np.repeat(first - taken[start][:-1], length)
        taken[flat] = columns[flat][place]
    return taken | {name: column[chosen] for name, column in columns.items() if name not in taken}


def _listed(title: str, counted: Counter[str]) -> str:
    """``; left out: 12 duplicates, 3 unreadable``, or nothing."""
    parts = [f"{reason}: {number:,}" for reason, number in counted.most_common() if number]
    return title * bool(parts) + ", ".join(parts)
