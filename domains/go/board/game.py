"""A game being played: stones, moves, and the position that they lead to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domains.go.board.games import single
from domains.go.board.planes import Planes, batch_planes
from domains.go.board.rules import Board


class Game:
    """Stones before the first move, the moves, and the board that they lead to; ko is simple ko.

    Args:
        size: of the board.
        setup: codes of the stones before the first move (see ``games``).
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
    def nothing(self) -> int:
        """The point of a pass."""
        return self.size**2

    def play(self, code: int) -> None:
        """Play a move, of either side.

        Raises:
            UserError: it is illegal, and was not played.
        """
        self.board.play(code)
        self.moves.append(code)

    def ended(self) -> bool:
        """Whether the last two moves were passes."""
        return [code >> 1 for code in self.moves[-2:]] == [self.nothing, self.nothing]

    def planes(self, colour: int, groups: Sequence[str]) -> tuple[Planes, NDArray[np.bool_]]:
        """Planes (1, P, size, size) of the position as this colour sees it, and its legal points."""
        to_come = 2 * self.nothing + colour  # a position is told by the move that follows it: here a pass
        games = single(self.size, self.setup, [*self.moves, to_come])
        ply = np.array([len(self.moves)])
        planes, legal, _ = batch_planes(games, np.zeros(1, int), ply, np.zeros(1, np.uint8), groups)
        return planes, legal[0]
