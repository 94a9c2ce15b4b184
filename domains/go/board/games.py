"""Games as flat arrays, which the rules and the planes read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domains.go.board.move import encode_move


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
    to_play: NDArray[np.uint8]  # (G,) colour to play after the last move

    @classmethod
    def single(cls, size: int, setup: Sequence[int], moves: Sequence[int]) -> "Games":
        """One game."""
        return Games(
            size=np.array([size], np.uint8),
            setup_start=np.array([0, len(setup)]),
            setup=np.array(setup, np.int16),
            move_start=np.array([0, len(moves)]),
            moves=np.array(moves, np.int16),
            to_play=np.zeros(1, np.uint8),
        )

    def setup_of(self, g: int) -> NDArray[np.int16]:
        """The setup stones of a game."""
        return self.setup[self.setup_start[g] : self.setup_start[g + 1]]

    def moves_of(self, g: int) -> NDArray[np.int16]:
        """The moves of a game."""
        return self.moves[self.move_start[g] : self.move_start[g + 1]]

    def move_at(self, game: NDArray[np.int64] | int, ply: NDArray[np.int64] | int) -> NDArray[np.int16]:
        """The moves that follow positions."""
        return self.moves[self.move_start[game] + ply]

    def with_next(self) -> Self:
        """The games with a final pass of the colour to play, so that the last position has a move too."""
        return replace(
            self,
            moves=np.insert(self.moves, self.move_start[1:], self._passes()),
            move_start=self.move_start + np.arange(len(self.move_start)),
        )

    def _passes(self) -> NDArray[np.int16]:
        return encode_move(self.size.astype(np.int16) ** 2, self.to_play)
