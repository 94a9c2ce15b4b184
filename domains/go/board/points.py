"""Points of the board: their names, their symmetries, and the codes of moves.

A point is row * size + column from the top left, as SGF counts ("aa" is 0); a pass is the point
``size * size``. The code of a move or stone is an int16 ``2 * point + colour``, where 0 is black and 1 white.
The functions of codes take integers or arrays, also in compiled code.
"""

from functools import cache
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

LETTERS = "ABCDEFGHJKLMNOPQRST"  # of the columns in GTP: without I


@register_jitable
def encode_move(point: Any, colour: Any) -> Any:
    """The code of a move."""
    return 2 * point + colour


@register_jitable
def move_point(code: Any) -> Any:
    """The point of a move."""
    return code >> 1


@register_jitable
def move_colour(code: Any) -> Any:
    """The colour of a move, 0 black, 1 white."""
    return code & 1


@register_jitable
def is_pass(code: Any, size: Any) -> Any:
    """Whether a move is a pass."""
    return code >> 1 == size * size


def point_name(point: int, size: int) -> str:
    """The name of a point as in GTP, with rows counted from the bottom: ``A19`` is point 0; or ``pass``."""
    if point == size * size:
        return "pass"
    row, column = divmod(point, size)
    return f"{LETTERS[column]}{size - row}"


def point_names(size: int) -> list[str]:
    """The names of all points in their order."""
    return [point_name(point, size) for point in range(size * size)]


def parse_point(name: str, size: int) -> int | None:
    """The point of a name in either case, ``size * size`` for a pass; None if there is no such point."""
    names = [*point_names(size), "PASS"]
    return names.index(name.upper()) if name.upper() in names else None


@cache
def symmetries(size: int) -> NDArray[np.int64]:
    """(8, size * size + 1) the point to which each symmetry of the board takes each point; a pass stays one.

    Symmetry k reverses the columns if k & 1, the rows if k & 2, and then swaps rows and columns if k & 4.
    """
    points = np.arange(size * size).reshape(size, size)
    table = []
    for k in range(8):
        image = points[:: -1 if k & 2 else 1, :: -1 if k & 1 else 1]
        table.append(np.argsort(np.append(image.T if k & 4 else image, size * size)))
    return np.stack(table)
