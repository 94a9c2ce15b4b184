"""Codes of moves and stones: int16 ``2 * point + colour``.

A point is row * size + column from the top left, as SGF counts ("aa" is 0); a pass is the point
``size * size``. Colours are 0 black, 1 white. The functions take integers or arrays, also in compiled code.
"""

from typing import Any

from numba.extending import register_jitable


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
