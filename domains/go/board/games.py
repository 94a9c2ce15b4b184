"""Game records as flat arrays: the one store that the rules, the planes and the loader read.

A move is one int16 code, ``2 * point + colour``: point = row * size + column, counted from the top left as
SGF counts ("aa" = 0), colour 0 black, 1 white. A pass is the point ``size * size``. A *position* is (game g,
ply t): the board before move t, with the colour of move t to play.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError

UNKNOWN = -128  # the rank of a player of whom the record says none


@dataclass(frozen=True)
class Games:
    """G games; game g owns ``setup[setup_start[g]:setup_start[g + 1]]`` and likewise its moves."""

    size: NDArray[np.uint8]  # (G,) side of the board
    setup_start: NDArray[np.int64]  # (G + 1,)
    setup: NDArray[np.int16]  # codes of setup and handicap stones, before the first move
    move_start: NDArray[np.int64]  # (G + 1,)
    moves: NDArray[np.int16]  # codes of the moves; legal ones only
    to_play: NDArray[np.uint8]  # (G,) colour of the side whose turn it is after the last move
    counts: NDArray[np.bool_]  # of each move: it is no pass, and its player is strong enough
    handicap: NDArray[np.int16]  # (G,) stones
    rank: NDArray[np.int8]  # (G, 2) of black and white, see ``sgf.rank``
    result: NDArray[np.str_]  # (G,) as the record writes it: B+R, W+3.5
    date: NDArray[np.str_]  # (G,) as the record writes it
    name: NDArray[np.object_]  # (G,) of the file, inside the folder or archive
    identity: NDArray[np.uint64]  # (G,) alike for games of the same moves, turned and mirrored ones included
    opening: NDArray[np.uint64]  # (G,) the same of the first moves: the split goes by it
    summary: str  # what was used and what was skipped, by reason


def with_next(games: Games) -> Games:
    """The games with one move more each, a pass of the side to play: a position is told by the move after it.

    So the position after the last move is one as well, also where there is none.
    """
    passes = 2 * games.size.astype(np.int16) ** 2 + games.to_play
    return replace(
        games,
        moves=np.insert(games.moves, games.move_start[1:], passes),
        counts=np.insert(games.counts, games.move_start[1:], False),
        move_start=games.move_start + np.arange(len(games.move_start)),
    )


def single(size: int, setup: Sequence[int], moves: Sequence[int]) -> Games:
    """One game by its stones and moves alone, as codes: what positions need."""
    return Games(
        size=np.array([size], np.uint8),
        setup_start=np.array([0, len(setup)]),
        setup=np.array(setup, np.int16),
        move_start=np.array([0, len(moves)]),
        moves=np.array(moves, np.int16),
        to_play=np.zeros(1, np.uint8),
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
