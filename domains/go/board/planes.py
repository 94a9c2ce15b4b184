"""The 48 planes of AlphaGo (Silver et al. 2016, Extended Data Table 2), computed on demand.

All planes are relative to the colour to play, and integers are one-hot: 1, 2, … 7, 8 or more. Where the paper
is ambiguous, this code defines:

- *stone colour*: own stones, the opponent's, empty points.
- *turns since*, of each stone: the stone played last has 1; passes are turns; setup and handicap stones have
  8 or more, so that each stone has exactly one plane.
- *liberties*, of each stone: those of its string.
- *capture size*, of each legal move: the number of captured stones; none is set without a capture.
- *self-atari size*, of each legal move that leaves its own string one liberty: the stones of that string, the
  new one included; none is set elsewhere.
- *liberties after move*, of each legal move: those of its string once captured stones are off.
- *ladder capture*: moves that catch an opponent's string of two liberties in a ladder (see ``ladder``).
- *ladder escape*: legal moves that save an own string in atari: it then has three liberties, or two and no
  ladder catches it. They extend at its last liberty or capture a string in atari beside it.
- *sensibleness*: legal moves that do not fill an own true eye. An eye is an empty point with own stones on
  all sides; it is true if the opponent has at most one of its diagonal points, and none of them where the eye
  is on the edge of the board.

A move is legal if it is on an empty point, no suicide, and not forbidden by simple ko.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
from domains.go.board.game import replay, set_up
from domains.go.board.games import Games
from domains.go.board.ladder import ladder_works, next_capture
from domains.go.board.points import move_colour, move_point, symmetries
from domains.go.board.state import (
    BORN,
    CELLS,
    EMPTY,
    HEAD,
    KO,
    LOG,
    LOG_START,
    MAX_COUNT,
    SIDES,
    STRIDE,
    WALL,
    State,
    count_liberties,
    get,
    is_legal,
    new_state,
    next_liberty,
    point_of,
    preview,
)
from shared.errors import UserError, nearest

GROUPS = {
    "stone colour": 3,
    "ones": 1,
    "turns since": MAX_COUNT,
    "liberties": MAX_COUNT,
    "capture size": MAX_COUNT,
    "self-atari size": MAX_COUNT,
    "liberties after move": MAX_COUNT,
    "ladder capture": 1,
    "ladder escape": 1,
    "sensibleness": 1,
    "zeros": 1,
    "difference": 1,  # 1 own stone, -1 the opponent's, 0 empty: input without features
}
ALPHAGO = tuple(name for name in GROUPS if name != "difference")
STONES, ONES, TURNS, LIBERTIES, CAPTURE, SELF_ATARI = range(6)  # indices of GROUPS
AFTER, LADDER_CAPTURE, LADDER_ESCAPE, SENSIBLE, ZEROS, DIFFERENCE = range(6, 12)

Planes = NDArray[np.int8]
Indices = NDArray[np.int64]
Firsts = tuple[int, ...]  # as ``first_planes`` gives them


@compiled
def is_true_eye(s: State, cell: int, colour: int) -> bool:
    """Whether an empty cell is a true eye of a colour (see the table above)."""
    for step in SIDES:
        if get(s, cell + step) not in (colour, WALL):
            return False
    hostile = edge = 0
    for step in (-STRIDE - 1, -STRIDE + 1, STRIDE - 1, STRIDE + 1):
        hostile += get(s, cell + step) == 3 - colour
        edge |= get(s, cell + step) == WALL
    return hostile + edge <= 1


@compiled
def mark(planes: Planes, plane: int, at: int) -> None:
    """Set a point of a plane."""
    planes[np.uint64(plane), np.uint64(at)] = 1


@compiled
def write_planes(
    s: State,
    ply: int,
    colour: int,
    size: int,
    first: Firsts,
    to: Indices,
    planes: Planes,
    legal: NDArray[np.bool_],
) -> None:
    """Write the planes of one position, before move ``ply`` of ``colour``, and its legal moves.

    Args as in ``allocate`` but for ``to``: the target of each point, a row of ``symmetries``.
    """
    s[LOG] = LOG_START
    if first[ONES] >= 0:
        planes[first[ONES]] = 1
    cell, column = STRIDE, 0
    for point in range(size * size):  # a division to each cell would take a tenth of the time
        if column == size:
            cell, column = cell + STRIDE - size, 0
        cell, column, at = cell + 1, column + 1, to[point]
        stone = get(s, cell)
        if stone != EMPTY:
            legal[at] = False
            own = stone == colour
            if first[STONES] >= 0:
                mark(planes, first[STONES] + (0 if own else 1), at)
            if first[TURNS] >= 0:
                mark(planes, first[TURNS] + min(ply - get(s, BORN + cell), MAX_COUNT) - 1, at)
            if first[LIBERTIES] >= 0:
                liberties = count_liberties(s, get(s, HEAD + cell))
                mark(planes, first[LIBERTIES] + min(liberties, MAX_COUNT) - 1, at)
            if first[DIFFERENCE] >= 0:
                planes[first[DIFFERENCE], at] = 1 if own else -1
            continue
        if first[STONES] >= 0:
            mark(planes, first[STONES] + 2, at)
        captured, stones, liberties = preview(s, cell, colour)
        legal[at] = liberties > 0 and s[KO] != 4 * cell + colour
        if legal[at]:
            if first[CAPTURE] >= 0 and captured > 0:
                mark(planes, first[CAPTURE] + min(captured, MAX_COUNT) - 1, at)
            if first[SELF_ATARI] >= 0 and liberties == 1:
                mark(planes, first[SELF_ATARI] + min(stones, MAX_COUNT) - 1, at)
            if first[AFTER] >= 0:
                mark(planes, first[AFTER] + min(liberties, MAX_COUNT) - 1, at)
            if first[SENSIBLE] >= 0 and not is_true_eye(s, cell, colour):
                mark(planes, first[SENSIBLE], at)
    if first[LADDER_CAPTURE] >= 0 or first[LADDER_ESCAPE] >= 0:
        write_ladders(s, colour, size, first, to, planes)


@compiled
def write_ladders(s: State, colour: int, size: int, first: Firsts, to: Indices, planes: Planes) -> None:
    """Write the two ladder planes; arguments as in ``write_planes``."""
    for stone in range(STRIDE, CELLS - STRIDE):
        owner = get(s, stone)
        if owner in (EMPTY, WALL) or get(s, HEAD + stone) != stone:
            continue
        attack = owner != colour
        plane = first[LADDER_CAPTURE if attack else LADDER_ESCAPE]
        if plane < 0 or count_liberties(s, stone) != (2 if attack else 1):
            continue
        cell, capture = next_liberty(s, stone, 0), 0
        while cell != 0:
            if (attack or is_legal(s, cell, colour)) and ladder_works(s, stone, cell, colour):
                mark(planes, plane, to[point_of(cell, size)])
            cell = capture = next_liberty(s, stone, cell) if attack else next_capture(s, stone, capture)


@compiled
def _batch(
    s: State,
    size: int,
    setup_start: Indices,
    setup: NDArray[np.int16],
    move_start: Indices,
    moves: NDArray[np.int16],
    places: Indices,
    table: Indices,
    first: Firsts,
    planes: Planes,
    legal: NDArray[np.bool_],
    target: Indices,
) -> None:
    current, now = -1, 0  # the position in the state
    for n in range(len(places)):
        g, ply, symmetry = places[n, 0], places[n, 1], places[n, 2]
        if g != current or ply < now:
            set_up(s, size, setup[setup_start[g] : setup_start[g + 1]])
            current, now = g, 0
        start = move_start[g]
        replay(s, size, moves[start + now : start + ply], now, True)
        now = ply
        code, to = moves[start + ply], table[symmetry]
        write_planes(s, ply, 1 + move_colour(code), size, first, to, planes[n], legal[n])
        target[n] = to[move_point(code)]


def batch_planes(
    games: Games,
    game: Indices | int,
    ply: Indices,
    symmetry: NDArray[np.uint8] | int,
    groups: Sequence[str],
) -> tuple[Planes, NDArray[np.bool_], Indices]:
    """Planes of N positions of one board size, each in one of the eight symmetries of the board.

    Consecutive positions of a game in ascending order share one replay. It releases the GIL.

    Args:
        games: the games.
        game: (N,) index of the game, or one for all.
        ply: (N,) index of the move to predict.
        symmetry: (N,) 0 … 7, see ``symmetries``, or one for all; 0 is the identity.
        groups: names from GROUPS, in the order of the planes.

    Returns:
        planes (N, P, size, size); the legal moves (N, size * size); the point of the next move (N,).

    Raises:
        UserError: no such group.
        IndexError: no such position.
        ValueError: none, or several board sizes.
    """
    places = np.stack(np.broadcast_arrays(game, ply, symmetry), 1).astype(np.int64)
    game, ply, _ = places.T
    [size] = set(games.size[game].tolist())
    if places.min() < 0 or places[:, 2].max() > 7 or (ply >= np.diff(games.move_start)[game]).any():
        raise IndexError("positions must be in the games, and symmetries from 0 to 7")
    planes, legal, first = allocate(len(places), groups, size)
    target = np.empty(len(places), np.int64)
    _batch(
        new_state(size),
        size,
        games.setup_start,
        games.setup,
        games.move_start,
        games.moves,
        places,
        symmetries(size),
        first,
        planes,
        legal,
        target,
    )
    return planes.reshape(*planes.shape[:2], size, size), legal, target


def allocate(n: int, groups: Sequence[str], size: int) -> tuple[Planes, NDArray[np.bool_], Firsts]:
    """Planes (N, P, points) of zeros, legal moves (N, points), and the first plane of each group."""
    planes = np.zeros((n, sum(GROUPS[name] for name in plane_groups(groups)), size * size), np.int8)
    return planes, np.empty((n, size * size), bool), first_planes(groups)


def plane_groups(chosen: Any) -> tuple[str, ...]:
    """The groups of planes in ``model.planes``: a list, or ``alphago`` for all of the paper.

    Raises:
        UserError: no such group, or one twice.
    """
    listed = isinstance(chosen, Sequence) and not isinstance(chosen, str)
    groups = ALPHAGO if chosen == "alphago" else tuple(chosen) if listed else (chosen,)
    for n, name in enumerate(groups):
        if name not in list(GROUPS):
            hint = nearest(str(name), ["alphago", *GROUPS])
            raise UserError(
                f"model.planes: must be alphago or groups of planes, got {str(name)[:80]!r}; {hint}"
            )
        if name in groups[:n]:
            raise UserError(f"model.planes: must name each group once, got {name!r} twice")
    return groups


def first_planes(groups: Sequence[str]) -> Firsts:
    """For each of GROUPS the first plane of each group in a stack of these groups, -1 for the others."""
    first = dict(zip(groups, accumulate((GROUPS[name] for name in groups), initial=0), strict=False))
    return tuple(first.get(name, -1) for name in GROUPS)


def game_planes(games: Games, g: int, groups: Sequence[str]) -> Planes:
    """(moves, P, size, size) planes of every position of one game."""
    return batch_planes(games, g, np.arange(len(games.moves_of(g))), 0, groups)[0]
