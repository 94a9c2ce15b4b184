"""Area scoring with all stones alive (Tromp-Taylor rules)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.go.board.state import BLACK, EMPTY, WHITE


class Area(NamedTuple):
    """Points of each colour (its stones, and empty points that reach only these), and the others."""

    black: int
    white: int
    open: int

    def lead(self, komi: float) -> float:
        """The lead of black, in points."""
        return self.black - self.white - komi


def area_score(stones: NDArray[np.int8]) -> Area:
    """Score a board (size, size): 0 empty, 1 black, 2 white."""
    size = len(stones)
    colour = np.pad(stones, 1, constant_values=-1).ravel().tolist()
    points = {BLACK: colour.count(BLACK), WHITE: colour.count(WHITE), EMPTY: 0}
    for start in range(len(colour)):
        if colour[start] != EMPTY:
            continue
        reached, region, edge = set(), 0, [start]
        colour[start] = -1  # counted
        while edge:
            cell = edge.pop()
            region += 1
            for near in (cell - size - 2, cell - 1, cell + 1, cell + size + 2):
                if colour[near] == EMPTY:
                    colour[near] = -1
                    edge.append(near)
                elif colour[near] > EMPTY:
                    reached.add(colour[near])
        points[reached.pop() if len(reached) == 1 else EMPTY] += region
    return Area(points[BLACK], points[WHITE], points[EMPTY])
