"""A position without its game: stones, ages and ko, so that stones can be added and removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
from domains.go.board.games import Games
from domains.go.board.move import encode_move, is_pass, move_colour, move_point
from domains.go.board.planes import GROUPS, SETUP, Planes, first_planes, write_planes
from domains.go.board.rules import Board
from domains.go.board.state import (
    CELLS,
    HEAD,
    KO,
    LOG,
    LOG_START,
    State,
    cell_of,
    new_state,
    next_liberty,
    play,
    reset,
)
from domains.go.board.symmetry import symmetries


@dataclass(frozen=True)
class Position:
    """The input of the planes.

    Attributes:
        stones: (size, size) 0 empty, 1 black, 2 white.
        born: (size, size) the ply at which each stone was played.
        ply: number of the next move, from 0.
        colour: to play, 0 black, 1 white.
        ko: the point that simple ko forbids; None without a ko.
        last: the point of the previous move; None for a pass.
        played: the point of the next move; None if unknown or a pass.
    """

    stones: NDArray[np.int8]
    born: NDArray[np.int64]
    ply: int
    colour: int
    ko: int | None = None
    last: int | None = None
    played: int | None = None

    @classmethod
    def of(cls, games: Games, game: int, ply: int) -> "Position":
        """The position of a game before a move."""
        size = int(games.size[game])
        points = size * size
        board = Board(size)
        board.setup(games.setup_of(game))
        born = np.full(points + 1, SETUP, np.int64)
        moves = games.moves_of(game)[: ply + 1].tolist()
        for t, code in enumerate(moves[:-1]):
            board.play(code)
            born[move_point(code)] = t
        colour, played = move_colour(moves[-1]), move_point(moves[-1])
        before = moves[-2] if ply else encode_move(points, 1 - colour)
        return cls(
            stones=board.stones,
            born=born[:points].reshape(size, size),
            ply=ply,
            colour=colour,
            ko=board.ko if move_colour(before) != colour else None,
            last=None if is_pass(before, size) else move_point(before),
            played=None if is_pass(moves[-1], size) else played,
        )

    def kept(self, mask: NDArray[np.bool_]) -> "Position":
        """The position with the stones of a mask (size, size) only; a ko is removed with its stone."""
        gone = self.last is not None and not mask.flat[self.last]
        return replace(
            self, stones=np.where(mask, self.stones, 0).astype(np.int8), ko=None if gone else self.ko
        )


@compiled
def _write(
    s: State,
    born: State,
    size: int,
    stones: NDArray[np.int8],
    ages: NDArray[np.int64],
    ply: NDArray[np.int64],
    colour: NDArray[np.int64],
    ko: NDArray[np.int64],
    first: NDArray[np.int64],
    to: NDArray[np.int64],
    planes: Planes,
    legal: NDArray[np.bool_],
) -> bool:
    for n in range(len(stones)):
        reset(s, size)
        for point in range(size * size):
            if stones[n, point] == 0:
                continue
            cell = cell_of(point, size)
            s[LOG] = LOG_START
            if play(s, cell, stones[n, point]) > 0 or next_liberty(s, s[HEAD + cell], 0) == 0:
                return False
            born[cell] = ages[n, point]
        s[LOG] = LOG_START
        s[KO] = 4 * cell_of(ko[n], size) + 1 + colour[n] if ko[n] >= 0 else 0
        write_planes(s, born, ply[n], 1 + colour[n], size, first, to, planes[n], legal[n])
    return True


def position_planes(positions: Sequence[Position], groups: Sequence[str]) -> tuple[Planes, NDArray[np.bool_]]:
    """Planes (N, P, size, size) and legal moves (N, size * size) of positions of one board size.

    Args:
        positions: at least one.
        groups: names from GROUPS, in the order of the planes.

    Raises:
        ValueError: a string of stones without liberties.
    """
    size = len(positions[0].stones)
    planes = np.zeros((len(positions), sum(GROUPS[name] for name in groups), size * size), np.int8)
    legal = np.empty((len(positions), size * size), bool)
    written = _write(
        new_state(),
        np.empty(CELLS, np.int64),
        size,
        np.stack([position.stones.reshape(-1) for position in positions]),
        np.stack([position.born.reshape(-1) for position in positions]),
        np.array([position.ply for position in positions]),
        np.array([position.colour for position in positions]),
        np.array([-1 if position.ko is None else position.ko for position in positions]),
        first_planes(groups),
        symmetries(size)[0],
        planes,
        legal,
    )
    if not written:
        raise ValueError("a string of stones without liberties")
    return planes.reshape(*planes.shape[:2], size, size), legal
