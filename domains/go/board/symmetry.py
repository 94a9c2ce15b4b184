"""The eight symmetries of the board."""

import numpy as np
from numpy.typing import NDArray


def symmetries(size: int) -> NDArray[np.int64]:
    """(8, size * size) the point to which each symmetry of the board takes each point.

    Symmetry k reverses the columns if k & 1, the rows if k & 2, and then swaps rows and columns if k & 4.
    """
    points = np.arange(size * size)
    table = np.empty((8, size * size), np.int64)
    for k in range(8):
        row, column = np.divmod(points, size)
        column = size - 1 - column if k & 1 else column
        row = size - 1 - row if k & 2 else row
        table[k] = column * size + row if k & 4 else row * size + column
    return table
