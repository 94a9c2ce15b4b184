"""The rules of Go: captures, suicide, simple ko, positional superko, setup stones and passes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
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
    """Reset the state and put setup stones on it; False if two share a point or a string has no liberty.

    One by one is enough: a string that has a liberty once all stones lie has one at every time before.
    """
    reset(s, size)
    for code in setup:
        if code < 0 or code >= 2 * size * size:
            return False
        cell = cell_of(code >> 1, size)
        s[LOG] = LOG_START
        if s[cell] != EMPTY or play(s, cell, 1 + (code & 1)) > 0:
            return False
        if next_liberty(s, s[HEAD + cell], 0) == 0:
            return False
    s[LOG] = LOG_START
    return True


@compiled
def repeats(s: State, past: State) -> bool:
    """Whether the position has been on the board before: ``past`` holds the hashes of earlier ones."""
    return bool((past == s[HASH]).any())


@compiled
def _first_illegal(
    s: State,
    past: State,
    size: int,
    setup: NDArray[np.int16],
    moves: NDArray[np.int16],
    superko: bool,
) -> int:
    if not set_up(s, size, setup):
        return -1
    past[0] = s[HASH]
    played = 1
    for t in range(len(moves)):
        point, colour = moves[t] >> 1, 1 + (moves[t] & 1)
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
        if superko and repeats(s, past[:played]):
            return t
        past[played] = s[HASH]
        played += 1
    return len(moves)


def first_illegal(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16], superko: bool) -> int:
    """Find where a game record leaves the rules.

    Args:
        size: side of the board, 5 … 19.
        setup: codes of the stones that lie before the first move (see ``games``).
        moves: codes of the moves.
        superko: forbid each repetition of an earlier position, not only retaking a ko at once.

    Returns:
        Index of the first illegal move; ``len(moves)`` if all are legal; -1 if the setup is illegal (two
        stones on a point, a string without liberties).
    """
    check_size(size)
    past = np.empty(len(moves) + 1, np.int64)  # hashes of the positions so far
    return _first_illegal(
        new_state(), past, size, np.asarray(setup, np.int16), np.asarray(moves, np.int16), superko
    )


def check_size(size: int) -> None:
    """Refuse sizes of board that the rules cannot hold."""
    if not SMALLEST <= size <= LARGEST:
        raise UserError(f"board size {size}: must be {SMALLEST} … {LARGEST}")


class Board:
    """A board to play on from Python.

    Args:
        size: side of the board, 5 … 19.
        superko: forbid each repetition of an earlier position (positional superko), not only retaking a ko
            at once.
    """

    def __init__(self, size: int = LARGEST, superko: bool = False) -> None:
        check_size(size)
        self.size = size
        self.superko = superko
        self.setup([])

    def setup(self, codes: Iterable[int]) -> None:
        """Clear the board and put these stones on it, as if they had always been there.

        Raises:
            UserError: two stones share a point, one lies beside the board, or a string has no liberty.
        """
        state = new_state()
        if not set_up(state, self.size, np.array(list(codes), np.int16)):
            raise UserError(
                "illegal setup: two stones on a point, one off the board, or one without liberties"
            )
        self._state = state
        self._past = [int(state[HASH])]

    def copy(self) -> "Board":
        """An independent board with the same position and history."""
        twin = Board.__new__(Board)
        twin.__dict__.update(self.__dict__)
        twin._state = self._state.copy()
        twin._past = self._past.copy()
        return twin

    def play(self, code: int) -> None:
        """Play one move.

        Raises:
            UserError: the move is off the board, on a stone, suicide, or retakes a ko.
        """
        point, colour = code >> 1, 1 + (code & 1)
        s = self._state
        if point == self.size**2:
            s[KO] = 0
            return
        name = f"move {'BW'[code & 1]} at row {point // self.size}, column {point % self.size}"
        if not 0 <= point < self.size**2:
            raise UserError(f"{name}: outside the {self.size}×{self.size} board")
        cell = cell_of(point, self.size)
        if not is_legal(s, cell, colour) or (self.superko and self.repeats(code)):
            reason = "occupied" if s[cell] != EMPTY else "suicide or ko"
            raise UserError(f"{name} is illegal: {reason}")
        s[LOG] = LOG_START
        play(s, cell, colour)
        self._past.append(int(s[HASH]))

    def legal(self, colour: int) -> NDArray[np.bool_]:
        """(size * size,) the points where colour (0 black, 1 white) may play."""
        answer = np.zeros(self.size**2, bool)
        for point in range(self.size**2):
            cell = cell_of(point, self.size)
            if is_legal(self._state, cell, 1 + colour):
                answer[point] = not (self.superko and self.repeats(2 * point + colour))
        return answer

    def repeats(self, code: int) -> bool:
        """Whether a move that is legal without superko would bring back an earlier position."""
        s = self._state
        s[LOG] = LOG_START
        play(s, cell_of(code >> 1, self.size), 1 + (code & 1))
        repeated = repeats(s, np.array(self._past, np.int64))
        undo(s, LOG_START)
        return bool(repeated)

    @property
    def stones(self) -> NDArray[np.int8]:
        """(size, size) 0 empty, 1 black, 2 white."""
        rows = self._state[STRIDE : (self.size + 1) * STRIDE].reshape(self.size, STRIDE)
        return rows[:, 1 : self.size + 1].astype(np.int8)

    @property
    def ko(self) -> int | None:
        """The point that simple ko forbids to the opponent of the last mover, None where there is none."""
        if self._state[KO] == 0:
            return None
        return point_of(int(self._state[KO]) >> 2, self.size)
