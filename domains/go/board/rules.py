"""The rules of Go: captures, suicide, simple ko, positional superko, setup stones and passes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
from domains.go.board.move import move_colour, move_point
from domains.go.board.state import (
    EMPTY,
    HASH,
    HEAD,
    KO,
    LARGEST,
    LOG,
    LOG_START,
    SMALLEST,
    STRIDE,
    State,
    cell_of,
    is_legal,
    new_state,
    next_liberty,
    play,
    point_of,
    reset,
    undo,
)
from shared.errors import UserError


@compiled
def set_up(s: State, size: int, setup: NDArray[np.int16]) -> bool:
    """Reset the state and place setup stones; False if two share a point or a string has no liberty.

    Checking after each stone is enough: a string with a liberty at the end has one at every earlier time.
    """
    reset(s, size)
    for code in setup:
        if code < 0 or code >= 2 * size * size:
            return False
        cell = cell_of(move_point(code), size)
        s[LOG] = LOG_START
        if s[cell] != EMPTY or play(s, cell, 1 + move_colour(code)) > 0:
            return False
        if next_liberty(s, s[HEAD + cell], 0) == 0:
            return False
    s[LOG] = LOG_START
    return True


@compiled
def _first_illegal(s: State, size: int, setup: NDArray[np.int16], moves: NDArray[np.int16]) -> int:
    if not set_up(s, size, setup):
        return -1
    for t in range(len(moves)):
        point, colour = move_point(moves[t]), 1 + move_colour(moves[t])
        if point == size * size:
            s[KO] = 0
            continue
        if point < 0 or point > size * size:
            return t
        cell = cell_of(point, size)
        if not is_legal(s, cell, colour):
            return t
        s[LOG] = LOG_START
        play(s, cell, colour)
    return len(moves)


def first_illegal(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16]) -> int:
    """Find the first illegal move of a game, under simple ko.

    Args:
        size: of the board, 5 … 19.
        setup: codes of the stones before the first move.
        moves: codes of the moves.

    Returns:
        Index of the first illegal move; ``len(moves)`` if all are legal; -1 if the setup is illegal (two
        stones on a point, a string without liberties).
    """
    check_size(size)
    return _first_illegal(new_state(), size, np.asarray(setup, np.int16), np.asarray(moves, np.int16))


def check_size(size: int) -> None:
    """Refuse board sizes beyond the limits of the state."""
    if not SMALLEST <= size <= LARGEST:
        raise UserError(f"board size: must be from {SMALLEST} to {LARGEST}, got {size}")


class Board:
    """A board to play on from Python, under simple ko.

    Args:
        size: of the board, 5 … 19.
    """

    def __init__(self, size: int = LARGEST) -> None:
        check_size(size)
        self.size = size
        self.setup([])

    def setup(self, codes: Iterable[int]) -> None:
        """Clear the board and place setup stones.

        Raises:
            UserError: two stones share a point, one is off the board, or a string has no liberty.
        """
        state = new_state()
        if not set_up(state, self.size, np.array(list(codes), np.int16)):
            raise UserError(
                "illegal setup: two stones on a point, one off the board, or one without liberties"
            )
        self._state = state
        self._past = {int(state[HASH])}

    def play(self, code: int) -> None:
        """Play a move.

        Raises:
            UserError: the move is off the board, on a stone, suicide, or retakes a ko.
        """
        point, colour = move_point(code), 1 + move_colour(code)
        s = self._state
        if point == self.size**2:
            s[KO] = 0
            return
        name = f"move {'BW'[colour - 1]} at row {point // self.size}, column {point % self.size}"
        if not 0 <= point < self.size**2:
            raise UserError(f"{name}: outside the {self.size}×{self.size} board")
        cell = cell_of(point, self.size)
        if not is_legal(s, cell, colour):
            reason = "occupied" if s[cell] != EMPTY else "suicide or ko"
            raise UserError(f"{name} is illegal: {reason}")
        s[LOG] = LOG_START
        play(s, cell, colour)
        self._past.add(int(s[HASH]))

    def repeats(self, code: int) -> bool:
        """Whether a legal move recreates an earlier position, which positional superko forbids."""
        s = self._state
        s[LOG] = LOG_START
        play(s, cell_of(move_point(code), self.size), 1 + move_colour(code))
        repeated = int(s[HASH]) in self._past
        undo(s, LOG_START)
        return repeated

    @property
    def stones(self) -> NDArray[np.int8]:
        """(size, size) 0 empty, 1 black, 2 white."""
        rows = self._state[STRIDE : (self.size + 1) * STRIDE].reshape(self.size, STRIDE)
        return rows[:, 1 : self.size + 1].astype(np.int8)

    @property
    def ko(self) -> int | None:
        """The point that simple ko forbids to the opponent of the last mover; None without a ko."""
        if self._state[KO] == 0:
            return None
        return point_of(int(self._state[KO]) >> 2, self.size)
