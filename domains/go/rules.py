"""The rules of Go, compiled: captures, suicide, simple ko, positional superko, setup stones and passes.

A board is **one int64 vector**, the *state*. Each write to it goes through ``put``, which logs the old value
in the same vector, so any number of moves can be taken back (``undo``) without allocating: that is what reading
ladders lives on. Cells lie in one line of rows 20 apart with a wall between them, so the neighbours of a cell
are at ±1 and ±20 on every size of board. A string is a ring of stones (NEXT) under one HEAD cell, with its
SIZE and its liberties as a set of 6 × 64 bits (LIBS) kept at the head.
"""

from collections.abc import Iterable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shared.errors import UserError

SMALLEST, LARGEST = 5, 19
EMPTY, BLACK, WHITE, WALL = 0, 1, 2, 3  # colours of cells; the opponent of c is 3 - c

STRIDE = LARGEST + 1
CELLS = (LARGEST + 2) * STRIDE
WORDS = 6  # bits of cells 20 … 403 in 6 words
COLOUR = 0  # colour of cell c stands at state[c]
HEAD = COLOUR + CELLS
NEXT = HEAD + CELLS
SIZE = NEXT + CELLS
LIBS = SIZE + CELLS
KO = LIBS + CELLS * WORDS  # 4 * cell + colour: the move forbidden by simple ko, 0 where none is
HASH = KO + 1
LOG = HASH + 1  # index of the first free place of the log
LOG_START = LOG + 1
PLAY_LOG = 20 * CELLS  # no single move logs more than this
STATE = LOG_START + 2**16  # about a thousand moves deep

State = NDArray[np.int64]  # (STATE,)

# Zobrist (1970): a position's hash is the exclusive or of its stones' numbers.
ZOBRIST = np.random.default_rng(1970).integers(-(2**63), 2**63, (3, CELLS), dtype=np.int64)


@njit(cache=True, nogil=True)
def put(s: State, i: int, value: int) -> None:
    """Write to the state so that it can be undone."""
    top = s[LOG]
    s[top] = i
    s[top + 1] = s[i]
    s[LOG] = top + 2
    s[i] = value


@njit(cache=True, nogil=True)
def undo(s: State, mark: int) -> None:
    """Take back every write made since the log's top was at ``mark``."""
    top = s[LOG]
    while top > mark:
        top -= 2
        s[s[top]] = s[top + 1]
    s[LOG] = top


@njit(cache=True, nogil=True)
def reset(s: State, size: int) -> None:
    """Make the state an empty board."""
    s[:CELLS] = WALL
    for row in range(size):
        start = (row + 1) * STRIDE + 1
        s[start : start + size] = EMPTY
    s[KO] = 0
    s[HASH] = 0
    s[LOG] = LOG_START


@njit(cache=True, nogil=True)
def cell_of(point: int, size: int) -> int:
    """Cell of a point."""
    return (point // size + 1) * STRIDE + point % size + 1


@njit(cache=True, nogil=True)
def add_liberty(s: State, head: int, cell: int) -> None:
    """Add a cell to the liberties of the string under ``head``."""
    i = LIBS + head * WORDS + ((cell - STRIDE) >> 6)
    word = s[i] | (1 << ((cell - STRIDE) & 63))
    if word != s[i]:
        put(s, i, word)


@njit(cache=True, nogil=True)
def drop_liberty(s: State, head: int, cell: int) -> None:
    """Take a cell from the liberties of the string under ``head``."""
    i = LIBS + head * WORDS + ((cell - STRIDE) >> 6)
    word = s[i] & ~(1 << ((cell - STRIDE) & 63))
    if word != s[i]:
        put(s, i, word)


@njit(cache=True, nogil=True)
def count_liberties(s: State, head: int) -> int:
    """Number of liberties of the string under ``head``."""
    n = 0
    for i in range(LIBS + head * WORDS, LIBS + head * WORDS + WORDS):
        word = s[i]
        while word != 0:  # LLVM makes this loop one popcount
            word &= word - 1
            n += 1
    return n


@njit(cache=True, nogil=True)
def next_liberty(s: State, head: int, cell: int) -> int:
    """The first liberty of a string behind ``cell``, 0 where none is left; start with cell 0."""
    bit = max(cell + 1 - STRIDE, 0)
    w = bit >> 6
    if w >= WORDS:
        return 0
    word = s[LIBS + head * WORDS + w] & (-1 << (bit & 63))
    while word == 0:
        w += 1
        if w == WORDS:
            return 0
        word = s[LIBS + head * WORDS + w]
    below = (word & -word) - 1
    n = 0
    while below != 0:
        below &= below - 1
        n += 1
    return STRIDE + 64 * w + n


@njit(cache=True, nogil=True)
def merge(s: State, head: int, gone: int) -> None:
    """Join the string under ``gone`` to the one under ``head``."""
    stone = gone
    while True:
        put(s, HEAD + stone, head)
        stone = s[NEXT + stone]
        if stone == gone:
            break
    after = s[NEXT + head]
    put(s, NEXT + head, s[NEXT + gone])
    put(s, NEXT + gone, after)
    put(s, SIZE + head, s[SIZE + head] + s[SIZE + gone])
    for w in range(WORDS):
        word = s[LIBS + gone * WORDS + w]
        i = LIBS + head * WORDS + w
        if word & ~s[i] != 0:
            put(s, i, word | s[i])


@njit(cache=True, nogil=True)
def remove(s: State, head: int) -> None:
    """Take a captured string off the board; its cells become liberties of the strings around it."""
    captor = 3 - s[head]
    hashed = s[HASH]
    stone = head
    while True:
        hashed ^= ZOBRIST[s[stone], stone]
        put(s, stone, EMPTY)
        for step in (-STRIDE, -1, 1, STRIDE):
            if s[stone + step] == captor:
                add_liberty(s, s[HEAD + stone + step], stone)
        stone = s[NEXT + stone]
        if stone == head:
            break
    put(s, HASH, hashed)


@njit(cache=True, nogil=True)
def play(s: State, cell: int, colour: int) -> int:
    """Put a stone on an empty cell and take what it captures; returns the number of stones captured.

    Does not ask whether the move is legal; a suicide leaves a string without liberties behind.
    """
    head = cell
    for step in (-STRIDE, -1, 1, STRIDE):
        if s[cell + step] == colour:
            near = s[HEAD + cell + step]
            if head == cell or s[SIZE + near] > s[SIZE + head]:
                head = near
    put(s, cell, colour)
    put(s, HASH, s[HASH] ^ ZOBRIST[colour, cell])
    put(s, HEAD + cell, head)
    if head == cell:
        put(s, NEXT + cell, cell)
        put(s, SIZE + cell, 1)
        for i in range(LIBS + cell * WORDS, LIBS + cell * WORDS + WORDS):
            put(s, i, 0)
    else:
        put(s, NEXT + cell, s[NEXT + head])
        put(s, NEXT + head, cell)
        put(s, SIZE + head, s[SIZE + head] + 1)
    for step in (-STRIDE, -1, 1, STRIDE):
        near = s[cell + step]
        if near == EMPTY:
            add_liberty(s, head, cell + step)
        elif near == colour and s[HEAD + cell + step] != head:
            merge(s, head, s[HEAD + cell + step])
    drop_liberty(s, head, cell)

    captured = 0
    for step in (-STRIDE, -1, 1, STRIDE):
        if s[cell + step] == 3 - colour:
            near = s[HEAD + cell + step]
            drop_liberty(s, near, cell)
            if next_liberty(s, near, 0) == 0:
                captured += s[SIZE + near]
                remove(s, near)
    ko = 0
    if captured == 1 and s[SIZE + head] == 1 and count_liberties(s, head) == 1:
        ko = 4 * next_liberty(s, head, 0) + 3 - colour
    put(s, KO, ko)
    return captured


@njit(cache=True, nogil=True)
def is_legal(s: State, cell: int, colour: int) -> bool:
    """Whether a move is on an empty cell and neither suicide nor forbidden by simple ko."""
    if s[cell] != EMPTY or s[KO] == 4 * cell + colour:
        return False
    for step in (-STRIDE, -1, 1, STRIDE):
        near = s[cell + step]
        if near == EMPTY:
            return True
        if near != WALL:
            last = count_liberties(s, s[HEAD + cell + step]) == 1
            if last == (near != colour):  # saves itself by an own string's other liberty, or by a capture
                return True
    return False


@njit(cache=True, nogil=True)
def set_up(s: State, size: int, setup: NDArray[np.int16]) -> bool:
    """Reset the state and put setup stones on it; False if two share a point or a string has no liberty.

    One by one is enough: a string that has a liberty once all stones lie has one at every time before.
    """
    reset(s, size)
    for code in setup:
        if code < 0 or code >= 2 * size * size:
            return False
        cell = cell_of(code >> 1, size)
        if s[cell] != EMPTY or play(s, cell, 1 + (code & 1)) > 0:
            return False
        if next_liberty(s, s[HEAD + cell], 0) == 0:
            return False
    s[KO] = 0
    s[LOG] = LOG_START
    return True


@njit(cache=True, nogil=True)
def repeats(s: State, past: State) -> bool:
    """Whether the position has been on the board before: ``past`` holds the hashes of earlier ones."""
    return bool((past == s[HASH]).any())


@njit(cache=True, nogil=True)
def _first_illegal(size: int, setup: NDArray[np.int16], moves: NDArray[np.int16], superko: bool) -> int:
    s = np.empty(STATE, np.int64)
    if not set_up(s, size, setup):
        return -1
    past = np.empty(len(moves) + 1, np.int64)
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
    return int(_first_illegal(size, setup, moves, superko))


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
        self._state = np.empty(STATE, np.int64)
        self.setup([])

    def setup(self, codes: Iterable[int]) -> None:
        """Clear the board and put these stones on it, as if they had always been there.

        Raises:
            UserError: two stones share a point, one lies beside the board, or a string has no liberty.
        """
        state = np.empty(STATE, np.int64)
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
        twin._state, twin._past = self._state.copy(), self._past.copy()
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
        if not is_legal(s, cell, colour) or (self.superko and self._repeats(cell, colour)):
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
                answer[point] = not (self.superko and self._repeats(cell, 1 + colour))
        return answer

    def _repeats(self, cell: int, colour: int) -> bool:
        s = self._state
        s[LOG] = LOG_START
        play(s, cell, colour)
        repeated = repeats(s, np.array(self._past, np.int64))
        undo(s, LOG_START)
        return bool(repeated)

    @property
    def stones(self) -> NDArray[np.int8]:
        """(size, size) 0 empty, 1 black, 2 white."""
        cells = self._state[:CELLS].reshape(LARGEST + 2, STRIDE)
        return cells[1 : self.size + 1, 1 : self.size + 1].astype(np.int8)

    @property
    def ko(self) -> int | None:
        """The point that simple ko forbids to the opponent of the last mover, None where there is none."""
        if self._state[KO] == 0:
            return None
        row, column = divmod(int(self._state[KO]) >> 2, STRIDE)
        return (row - 1) * self.size + column - 1
