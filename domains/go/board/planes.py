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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
from domains.go.board.games import Games
from domains.go.board.ladder import ladder_captures, ladder_escapes, next_capture
from domains.go.board.move import is_pass, move_colour, move_point
from domains.go.board.rules import set_up
from domains.go.board.state import (
    CELLS,
    EMPTY,
    HEAD,
    KO,
    LOG,
    LOG_START,
    STRIDE,
    WALL,
    State,
    cell_of,
    count_liberties,
    is_legal,
    new_state,
    next_liberty,
    play,
    point_of,
    preview,
)
from domains.go.board.symmetry import symmetries
from shared.errors import UserError, nearest

MAX_COUNT = 8  # this and larger integers share a plane
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
(
    STONES,
    ONES,
    TURNS,
    LIBERTIES,
    CAPTURE,
    SELF_ATARI,
    AFTER,
    LADDER_CAPTURE,
    LADDER_ESCAPE,
    SENSIBLE,
    ZEROS,
    DIFFERENCE,
) = range(len(GROUPS))
SETUP = -MAX_COUNT  # the ply of setup stones

Planes = NDArray[np.int8]


@compiled
def is_true_eye(s: State, cell: int, colour: int) -> bool:
    """Whether an empty cell is a true eye of a colour (see the table above)."""
    for step in (-STRIDE, -1, 1, STRIDE):
        if s[cell + step] not in (colour, WALL):
            return False
    hostile = edge = 0
    for step in (-STRIDE - 1, -STRIDE + 1, STRIDE - 1, STRIDE + 1):
        hostile += s[cell + step] == 3 - colour
        edge |= s[cell + step] == WALL
    return hostile + edge <= 1


@compiled
def write_planes(
    s: State,
    born: State,
    ply: int,
    colour: int,
    size: int,
    first: NDArray[np.int64],
    to: NDArray[np.int64],
    planes: Planes,
    legal: NDArray[np.bool_],
) -> None:
    """Write the planes of one position.

    Args:
        s: the position.
        born: (CELLS,) ply at which the stone on each cell was played.
        ply: number of the next move.
        colour: to play, BLACK or WHITE.
        size: of the board.
        first: (groups,) the first plane of each group, -1 without it.
        to: (size * size,) the target of each point, see ``symmetries``.
        planes: (P, size * size) of zeros; output.
        legal: (size * size,); output.
    """
    for point in range(size * size):
        cell, at = cell_of(point, size), to[point]
        stone = s[cell]
        if stone != EMPTY:
            legal[at] = False
            own = stone == colour
            if first[STONES] >= 0:
                planes[first[STONES] + (0 if own else 1), at] = 1
            if first[TURNS] >= 0:
                planes[first[TURNS] + min(ply - born[cell], MAX_COUNT) - 1, at] = 1
            if first[LIBERTIES] >= 0:
                planes[first[LIBERTIES] + min(count_liberties(s, s[HEAD + cell]), MAX_COUNT) - 1, at] = 1
            if first[DIFFERENCE] >= 0:
                planes[first[DIFFERENCE], at] = 1 if own else -1
            continue
        if first[STONES] >= 0:
            planes[first[STONES] + 2, at] = 1
        captured, stones, liberties = preview(s, cell, colour)
        legal[at] = liberties > 0 and s[KO] != 4 * cell + colour
        if legal[at]:
            if first[CAPTURE] >= 0 and captured > 0:
                planes[first[CAPTURE] + min(captured, MAX_COUNT) - 1, at] = 1
            if first[SELF_ATARI] >= 0 and liberties == 1:
                planes[first[SELF_ATARI] + min(stones, MAX_COUNT) - 1, at] = 1
            if first[AFTER] >= 0:
                planes[first[AFTER] + min(liberties, MAX_COUNT) - 1, at] = 1
            if first[SENSIBLE] >= 0 and not is_true_eye(s, cell, colour):
                planes[first[SENSIBLE], at] = 1
    if first[ONES] >= 0:
        planes[first[ONES]] = 1
    if first[LADDER_CAPTURE] >= 0 or first[LADDER_ESCAPE] >= 0:
        write_ladders(s, colour, size, first, to, planes)


@compiled
def write_ladders(
    s: State, colour: int, size: int, first: NDArray[np.int64], to: NDArray[np.int64], planes: Planes
) -> None:
    """Write the two ladder planes; arguments as in ``write_planes``."""
    for stone in range(STRIDE, CELLS - STRIDE):
        if s[stone] in (EMPTY, WALL) or s[HEAD + stone] != stone:
            continue
        liberties = count_liberties(s, stone)
        if s[stone] != colour and liberties == 2 and first[LADDER_CAPTURE] >= 0:
            cell = next_liberty(s, stone, 0)
            while cell != 0:
                if ladder_captures(s, stone, cell):
                    planes[first[LADDER_CAPTURE], to[point_of(cell, size)]] = 1
                cell = next_liberty(s, stone, cell)
        elif s[stone] == colour and liberties == 1 and first[LADDER_ESCAPE] >= 0:
            last = next_liberty(s, stone, 0)
            cell, capture = last, 0
            while cell != 0:
                if is_legal(s, cell, colour) and ladder_escapes(s, stone, cell):
                    planes[first[LADDER_ESCAPE], to[point_of(cell, size)]] = 1
                capture = next_capture(s, stone, capture)
                cell = capture


@compiled
def _batch(
    s: State,
    born: State,
    size: int,
    setup_start: NDArray[np.int64],
    setup: NDArray[np.int16],
    move_start: NDArray[np.int64],
    moves: NDArray[np.int16],
    game: NDArray[np.int64],
    ply: NDArray[np.int64],
    symmetry: NDArray[np.uint8],
    table: NDArray[np.int64],
    first: NDArray[np.int64],
    planes: Planes,
    legal: NDArray[np.bool_],
    target: NDArray[np.int64],
) -> None:
    current, now = -1, 0  # the position in the state
    for n in range(len(game)):
        g = game[n]
        if g != current or ply[n] < now:
            set_up(s, size, setup[setup_start[g] : setup_start[g + 1]])
            born[:] = SETUP
            current, now = g, 0
        while now < ply[n]:
            code = moves[move_start[g] + now]
            if is_pass(code, size):
                s[KO] = 0
            else:
                cell = cell_of(move_point(code), size)
                s[LOG] = LOG_START
                play(s, cell, 1 + move_colour(code))
                born[cell] = now
            now += 1
        code = moves[move_start[g] + now]
        to = table[symmetry[n]]
        s[LOG] = LOG_START
        write_planes(s, born, now, 1 + move_colour(code), size, first, to, planes[n], legal[n])
        target[n] = size * size if is_pass(code, size) else to[move_point(code)]


def batch_planes(
    games: Games,
    game: NDArray[np.int64],
    ply: NDArray[np.int64],
    symmetry: NDArray[np.uint8],
    groups: Sequence[str],
) -> tuple[Planes, NDArray[np.bool_], NDArray[np.int64]]:
    """Planes of N positions, each in one of the eight symmetries of the board.

    Games are replayed; consecutive positions of a game in ascending order share one replay. It runs on one
    thread and releases the GIL.

    Args:
        games: the games; those of the positions have one board size.
        game: (N,) index of the game.
        ply: (N,) index of the move to predict.
        symmetry: (N,) 0 … 7, see ``symmetries``; 0 is the identity.
        groups: names from GROUPS, in the order of the planes.

    Returns:
        planes (N, P, size, size); the legal moves (N, size * size); the point of the next move (N,), size *
        size for a pass.

    Raises:
        UserError: no such group.
        IndexError: no such position.
        ValueError: several board sizes.
    """
    game, ply = np.ascontiguousarray(game, np.int64), np.ascontiguousarray(ply, np.int64)
    symmetry = np.ascontiguousarray(symmetry, np.uint8)
    first = first_planes(groups)
    count = sum(GROUPS[name] for name in groups)
    if len(game) == 0:
        raise ValueError("must have a position, got none")
    if game.min() < 0 or game.max() >= len(games.size) or ply.min() < 0 or symmetry.max() > 7:
        raise IndexError("positions must be in the games, and symmetries from 0 to 7")
    if (games.move_start[game] + ply >= games.move_start[game + 1]).any():
        raise IndexError("plies must be before the end of their games")
    size = int(games.size[game[0]])
    if (games.size[game] != size).any():
        raise ValueError("games of a batch must have one board size")
    planes = np.zeros((len(game), count, size * size), np.int8)
    legal = np.empty((len(game), size * size), bool)
    target = np.empty(len(game), np.int64)
    _batch(
        new_state(),
        np.empty(CELLS, np.int64),
        size,
        games.setup_start,
        games.setup,
        games.move_start,
        games.moves,
        game,
        ply,
        symmetry,
        symmetries(size),
        first,
        planes,
        legal,
        target,
    )
    return planes.reshape(len(game), count, size, size), legal, target


def plane_groups(chosen: Any) -> tuple[str, ...]:
    """The groups of planes in ``model.planes``: a list, or ``alphago`` for all of the paper.

    Raises:
        UserError: no such group.
    """
    if not isinstance(chosen, str | Sequence) or not all(isinstance(name, str) for name in chosen):
        raise UserError(f"model.planes: must be alphago or a list of groups, got {str(chosen)[:80]!r}")
    groups = ALPHAGO if chosen == "alphago" else tuple(chosen)
    for name in groups:
        if name not in GROUPS:
            raise UserError(
                f"model.planes: must be groups of planes, got {name!r}; {nearest(name, list(GROUPS))}"
            )
    return groups


def first_planes(groups: Sequence[str]) -> NDArray[np.int64]:
    """(len(GROUPS),) the first plane of each group in a stack of these groups, -1 for the others."""
    first = np.full(len(GROUPS), -1, np.int64)
    names = list(GROUPS)
    count = 0
    for name in groups:
        if name not in GROUPS:
            raise UserError(f"model.planes: must be groups of planes, got {name!r}; {nearest(name, names)}")
        if first[names.index(name)] >= 0:
            raise UserError(f"model.planes: must name each group once, got {name!r} twice")
        first[names.index(name)] = count
        count += GROUPS[name]
    return first


def game_planes(games: Games, g: int, groups: Sequence[str]) -> Planes:
    """(moves, P, size, size) planes of every position of one game."""
    ply = np.arange(len(games.moves_of(g)))
    return batch_planes(games, np.full(len(ply), g), ply, np.zeros(len(ply), np.uint8), groups)[0]
