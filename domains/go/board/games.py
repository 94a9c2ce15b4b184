"""Games as flat arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Games:
    """G games; game g owns ``setup[setup_start[g]:setup_start[g + 1]]`` and likewise its moves.

    A *position* is (game g, ply t): the board before move t, with the colour of move t to play.
    """

    size: NDArray[np.uint8]  # (G,) of the board
    setup_start: NDArray[np.int64]  # (G + 1,)
    setup: NDArray[np.int16]  # codes of setup and handicap stones, before the first move
    move_start: NDArray[np.int64]  # (G + 1,)
    moves: NDArray[np.int16]  # codes of the moves; legal ones only

    def setup_of(self, g: int) -> NDArray[np.int16]:
        """The setup stones of a game."""
        return self.setup[self.setup_start[g] : self.setup_start[g + 1]]

    def moves_of(self, g: int) -> NDArray[np.int16]:
        """The moves of a game."""
        return self.moves[self.move_start[g] : self.move_start[g + 1]]

    def move_at(self, game: NDArray[np.int64] | int, ply: NDArray[np.int64] | int) -> NDArray[np.int16]:
        """The moves that follow positions."""
        return self.moves[self.move_start[game] + ply]
