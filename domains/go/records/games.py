"""Game records in memory: games with players, results and hashes; their splits and positions."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domains.go.board import Games, encode_move
from shared.files import split_by_hash


@dataclass(frozen=True)
class GameRecords(Games):
    """G games with the facts in their files."""

    to_play: NDArray[np.uint8]  # (G,) colour to play after the last move
    counts: NDArray[np.bool_]  # of each move: not a pass, and its player is strong enough
    handicap: NDArray[np.int16]  # (G,) stones
    player: NDArray[np.object_]  # (G,) names of black and white, with a tab between them
    rank: NDArray[np.int8]  # (G, 2) of black and white, see ``sgf.rank``
    result: NDArray[np.str_]  # (G,) as in the file: B+R, W+3.5
    date: NDArray[np.str_]  # (G,) as in the file
    name: NDArray[np.object_]  # (G,) of the file inside the folder or archive
    identity: NDArray[np.uint64]  # (G,) hash of all moves, equal for rotated and mirrored games
    opening: NDArray[np.uint64]  # (G,) the same of the first moves, which decides the split
    summary: str  # what was used and what was skipped, by reason

    def with_next(self) -> Self:
        """The games with a final pass of the colour to play, so that the last position has a move too."""
        passes = encode_move(self.size.astype(np.int16) ** 2, self.to_play)
        return replace(
            self,
            moves=np.insert(self.moves, self.move_start[1:], passes),
            move_start=self.move_start + np.arange(len(self.move_start)),
            counts=np.insert(self.counts, self.move_start[1:], False),
        )

    def splits(self, *, val: float, test: float) -> NDArray[np.str_]:
        """The split of each game, (G,) ``train``, ``val`` or ``test``, by a hash of setup and first 30 moves.

        So a game stays in its split when others are added, together with its copies: also rotated, mirrored
        and shorter ones that have those moves.

        Args:
            val: share of the validation games, from 0 to 1.
            test: share of the test games.
        """
        return split_by_hash(self.opening, val=val, test=test)

    def positions(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Game and ply, both (N,), of all positions of the chosen games (G,) whose move counts, in order."""
        length = np.diff(self.move_start)
        game = np.repeat(np.arange(len(length)), length)
        place = np.flatnonzero(self.counts & chosen[game])
        return game[place], place - self.move_start[game[place]]
