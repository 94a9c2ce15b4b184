"""A game in progress: setup, moves and the board."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domains.go.board.games import Games
from domains.go.board.move import encode_move, is_pass
from domains.go.board.planes import Planes, batch_planes
from domains.go.board.rules import Board


class Game:
    """Setup stones, moves, and the resulting board, under simple ko.

    Args:
        size: of the board.
        setup: codes of the stones before the first move.
        moves: codes of the moves.

    Raises:
        UserError: the setup or a move is illegal.
    """

    def __init__(self, size: int, setup: Sequence[int] = (), moves: Sequence[int] = ()):
        self.size, self.setup = size, list(setup)
        self.moves: list[int] = []
        self.board = Board(size)
        self.board.setup(self.setup)
        for code in moves:
            self.play(code)

    @property
    def pass_point(self) -> int:
        """The point of a pass."""
        return self.size**2

    def play(self, code: int) -> None:
        """Play a move of either colour.

        Raises:
            UserError: the move is illegal; it is not played.
        """
        self.board.play(code)
        self.moves.append(code)

    def ended(self) -> bool:
        """Whether the last two moves are passes."""
        return len(self.moves) >= 2 and all(is_pass(code, self.size) for code in self.moves[-2:])

    def planes(self, colour: int, groups: Sequence[str]) -> tuple[Planes, NDArray[np.bool_]]:
        """Planes (1, P, size, size) of the position for a colour to play, and its legal points."""
        next_move = encode_move(self.pass_point, colour)  # its colour decides who is to play
        games = Games.single(self.size, self.setup, [*self.moves, next_move])
        ply = np.array([len(self.moves)])
        planes, legal, _ = batch_planes(games, np.zeros(1, int), ply, np.zeros(1, np.uint8), groups)
        return planes, legal[0]
