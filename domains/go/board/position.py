"""A position without its game: stones, ages and ko, so that stones can be added and removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domains.go.board.game import Game, set_up
from domains.go.board.games import Games
from domains.go.board.planes import Planes, allocate, write_planes
from domains.go.board.points import encode_move, is_pass, move_colour, move_point, symmetries
from domains.go.board.state import BORN, KO, cell_of, cells_of, new_state


@dataclass(frozen=True)
class Position:
    """The input of the planes."""

    stones: NDArray[np.int8]  # (size, size) 0 empty, 1 black, 2 white
    born: NDArray[np.int64]  # (size, size) the ply at which each stone was played
    ply: int  # number of the next move, from 0
    colour: int  # to play, 0 black, 1 white
    ko: int | None = None  # the point that simple ko forbids
    last: int | None = None  # the point of the previous move; None for a pass
    played: int | None = None  # the point of the next move; None if unknown or a pass

    @classmethod
    def of(cls, games: Games, game: int, ply: int) -> "Position":
        """The position of a game before a move."""
        *moves, move = games.moves_of(game)[: ply + 1].tolist()
        return cls.after(Game(int(games.size[game]), games.setup_of(game).tolist(), moves), move)

    @classmethod
    def after(cls, game: Game, move: int) -> "Position":
        """The position of a game in progress, before a move."""
        last, played = (
            None if code is None or is_pass(code, game.size) else move_point(code)
            for code in (game.moves[-1] if game.moves else None, move)
        )
        return cls(
            stones=game.stones,
            born=game.state[BORN + cells_of(game.size)],
            ply=len(game.moves),
            colour=move_colour(move),
            ko=game.ko(move_colour(move)),
            last=last,
            played=played,
        )

    def kept(self, mask: NDArray[np.bool_]) -> "Position":
        """The position with the stones of a mask (size, size) only; a ko is removed with its stone."""
        gone = self.last is not None and not mask.flat[self.last]
        return replace(
            self, stones=np.where(mask, self.stones, 0).astype(np.int8), ko=None if gone else self.ko
        )


def position_planes(positions: Sequence[Position], groups: Sequence[str]) -> tuple[Planes, NDArray[np.bool_]]:
    """Planes (N, P, size, size) of groups, and legal moves (N, size * size), of positions of one board size.

    Raises:
        ValueError: a string of stones without liberties.
    """
    size = len(positions[0].stones)
    planes, legal, first = allocate(len(positions), groups, size)
    s = new_state(size)
    for n, position in enumerate(positions):
        points = np.flatnonzero(position.stones)
        setup = encode_move(points, position.stones.flat[points] - 1)
        if not set_up(s, size, setup.astype(np.int16)):
            raise ValueError("a string of stones without liberties")
        s[BORN + cells_of(size)] = position.born
        if position.ko is not None:
            s[KO] = 4 * cell_of(position.ko, size) + 1 + position.colour
        write_planes(
            s, position.ply, 1 + position.colour, size, first, symmetries(size)[0], planes[n], legal[n]
        )
    return planes.reshape(*planes.shape[:2], size, size), legal
