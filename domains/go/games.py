"""Game records as flat arrays: the one store that the rules, the planes and the loader read.

A move is one int16 code, ``2 * point + colour``: point = row * size + column, counted from the top left as
SGF counts ("aa" = 0), colour 0 black, 1 white. A pass is the point ``size * size``. A *position* is (game g,
ply t): the board before move t, with the colour of move t to play.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Games:
    """G games; game g owns ``setup[setup_start[g]:setup_start[g + 1]]`` and likewise its moves."""

    size: NDArray[np.uint8]  # (G,) side of the board
    setup_start: NDArray[np.int64]  # (G + 1,)
    setup: NDArray[np.int16]  # codes of setup and handicap stones, before the first move
    move_start: NDArray[np.int64]  # (G + 1,)
    moves: NDArray[np.int16]  # codes of the moves; legal ones only
