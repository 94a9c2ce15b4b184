"""A game in progress: the rules (captures, suicide, simple ko, setup, passes), superko and the score."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
from domains.go.board.points import is_pass, move_colour, move_point, point_name
from domains.go.board.state import (
    BLACK,
    BORN,
    EMPTY,
    HEAD,
    KO,
    LOG,
    LOG_START,
    WHITE,
    State,
    cell_of,
    cells_of,
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
    """Reset the state and place setup stones; False if two share a point or a string has no liberty."""
    reset(s, size)
    for code in setup:
        cell = cell_of(move_point(code), size)
        if not 0 <= code < 2 * size * size or s[cell] != EMPTY:
            return False
        s[LOG] = LOG_START
        # A string with a liberty at the end has one at every earlier time.
        if play(s, cell, 1 + move_colour(code)) > 0 or next_liberty(s, s[HEAD + cell], 0) == 0:
            return False
    return True


@compiled
def replay(s: State, size: int, moves: NDArray[np.int16], ply: int, trusted: bool) -> int:
    """Play moves, the first of number ``ply``, up to an illegal one, unless trusted; returns their number."""
    for t in range(len(moves)):
        point, colour = move_point(moves[t]), 1 + move_colour(moves[t])
        if point == size * size:
            s[KO] = 0
            continue
        cell = cell_of(point, size)
        if not trusted and not (0 <= point < size * size and is_legal(s, cell, colour)):
            return t
        s[LOG] = LOG_START
        play(s, cell, colour)
        s[BORN + cell] = ply + t
    return len(moves)


def first_illegal(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16]) -> int:
    """Index of the first illegal move of a game; ``len(moves)`` without one; -1 if the setup is illegal."""
    state = new_state(size)
    return replay(state, size, moves, 0, False) if set_up(state, size, setup) else -1


class Area(NamedTuple):
    """Points of each colour, its stones and the empty points that reach only these; and the others."""

    black: int
    white: int
    open: int

    def lead(self, komi: float) -> float:
        """The lead of black, in points."""
        return self.black - self.white - komi

    def result(self, komi: float) -> str:
        """The result as in SGF: ``B+3.5``, ``W+0.5`` or ``0``."""
        lead = self.lead(komi)
        return f"{'B' if lead > 0 else 'W'}+{abs(lead):g}" if lead else "0"


def area_score(stones: NDArray[np.int8]) -> Area:
    """Score a board (size, size), 0 empty, 1 black, 2 white, with all stones alive (Tromp-Taylor rules)."""
    from scipy.ndimage import binary_dilation  # takes a while to import

    black, white = (
        binary_dilation(stones == colour, iterations=-1, mask=stones != 3 - colour)  # along empty points
        for colour in (BLACK, WHITE)
    )
    counts = int((black & ~white).sum()), int((white & ~black).sum())
    return Area(*counts, stones.size - sum(counts))


class Game:
    """Codes of setup stones and moves, and the resulting board, under simple ko.

    Raises:
        UserError: the size (5 … 19), the setup or a move is illegal.
    """

    def __init__(self, size: int, setup: Sequence[int] = (), moves: Sequence[int] = ()):
        self.size, self.setup = size, list(setup)
        self.moves: list[int] = []
        self.state = new_state(size)
        if not set_up(self.state, size, np.array(self.setup, np.int16)):
            raise UserError("illegal setup: two stones on a point, or one off the board or without liberties")
        self._past = {self.stones.tobytes()}
        for code in moves:
            self.play(code)

    @property
    def pass_point(self) -> int:
        """The point of a pass."""
        return self.size**2

    @property
    def stones(self) -> NDArray[np.int8]:
        """(size, size) 0 empty, 1 black, 2 white."""
        return self.state[cells_of(self.size)].astype(np.int8)

    def ko(self, colour: int) -> int | None:
        """The point that simple ko forbids to a colour; None without a ko."""
        cell, forbidden = divmod(int(self.state[KO]), 4)
        return point_of(cell, self.size) if forbidden == 1 + colour else None

    def play(self, code: int) -> None:
        """Play a move of either colour.

        Raises:
            UserError: the move is off the board, on a stone, suicide, or retakes a ko; it is not played.
        """
        if not replay(self.state, self.size, np.array([code], np.int16), len(self.moves), False):
            move = f"{'BW'[move_colour(code)]} {point_name(move_point(code), self.size)}"
            raise UserError(f"move {move} is illegal: off the board, on a stone, suicide, or a ko")
        self.moves.append(code)
        self._past.add(self.stones.tobytes())

    def repeats(self, code: int) -> bool:
        """Whether a legal move recreates an earlier position, which positional superko forbids."""
        self.state[LOG] = LOG_START
        play(self.state, cell_of(move_point(code), self.size), 1 + move_colour(code))
        stones = self.stones.tobytes()
        undo(self.state, LOG_START)
        return stones in self._past

    def ended(self) -> bool:
        """Whether the last two moves are passes."""
        return len(self.moves) >= 2 and all(is_pass(code, self.size) for code in self.moves[-2:])
