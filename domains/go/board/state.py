"""The compiled state of a Go board: stones, strings, liberties, captures, ko; moves can be undone.

A board is **one int64 vector**, the *state*. Each write goes through ``put``, which logs the old value in the
same vector, so that any number of moves can be undone without allocation, as in reading ladders. Cells are in
rows of 20 with a wall around the board, so the neighbours of a cell are at ±1 and ±20, and the diagonal ones
at ±19 and ±21, for every board size. A string is a ring of stones (NEXT) with one HEAD cell, which has its
SIZE, its liberties as a set of 6 × 64 bits (LIBS), and their number (COUNT); of other cells these are empty.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from domains.go.board.compiled import compiled
from shared.errors import require_int

SMALLEST, LARGEST = 5, 19
EMPTY, BLACK, WHITE, WALL = 0, 1, 2, 3  # colours of cells; the opponent of c is 3 - c
MAX_COUNT = 8  # of a plane: this and larger integers share one
SETUP = -MAX_COUNT  # the ply of setup stones

STRIDE = LARGEST + 1
SIDES = (-STRIDE, -1, 1, STRIDE)
CELLS = (LARGEST + 2) * STRIDE + 1  # the last is the wall diagonally below the corner T1 of 19×19
WORDS = 6  # bits of cells 20 … 403 in 6 words
# The colour of cell c is state[c].
HEAD = CELLS
NEXT = HEAD + CELLS
SIZE = NEXT + CELLS
COUNT = SIZE + CELLS
LIBS = COUNT + CELLS
BORN = LIBS + CELLS * WORDS  # ply of the stone on each cell; not logged
KO = BORN + CELLS  # 4 * cell + colour: the move forbidden by simple ko, 0 without a ko
LOG = KO + 1  # index of the first free entry of the log
BUDGET = LOG + 1  # moves left for reading a ladder
LOG_START = BUDGET + 1
PLAY_LOG = 20 * CELLS  # no single move logs more than this
STATE = LOG_START + 2**16  # some six hundred moves deep

State = NDArray[np.int64]  # (STATE,)


def new_state(size: int) -> State:
    """Memory for a state of a board; call ``reset`` first."""
    require_int("board size", size, SMALLEST, LARGEST)
    return np.empty(STATE, np.int64)


@cache
def cells_of(size: int) -> NDArray[np.int64]:
    """(size, size) the cell of each point."""
    lines = np.arange(1, size + 1)
    return lines[:, None] * STRIDE + lines


@compiled
def get(s: State, i: int) -> int:
    """Read the state; of a signed index numba first tests whether it counts from the end."""
    return s[np.uint64(i)]


@compiled
def put(s: State, i: int, value: int) -> None:
    """Write to the state and log the old value."""
    top = s[LOG]
    s[np.uint64(top)] = i
    s[np.uint64(top + 1)] = get(s, i)
    s[LOG] = top + 2
    s[np.uint64(i)] = value


@compiled
def undo(s: State, mark: int) -> None:
    """Undo all writes since the end of the log was ``mark``."""
    top = s[LOG]
    while top > mark:
        top -= 2
        s[np.uint64(get(s, top))] = get(s, top + 1)
    s[LOG] = top


@compiled
def reset(s: State, size: int) -> None:
    """Make the state an empty board with an empty log."""
    s[:CELLS] = WALL
    s[BORN:KO] = SETUP
    s[KO] = s[SIZE] = 0  # cell 0 is the head of no string
    s[COUNT:BORN] = 0
    for row in range(size):
        start = (row + 1) * STRIDE + 1
        s[start : start + size] = EMPTY
    s[LOG] = LOG_START


@compiled
def cell_of(point: int, size: int) -> int:
    """Cell of a point."""
    return (point // size + 1) * STRIDE + point % size + 1


@compiled
def point_of(cell: int, size: int) -> int:
    """Point of a cell."""
    return (cell // STRIDE - 1) * size + cell % STRIDE - 1


@compiled
def set_liberty(s: State, head: int, cell: int, present: bool) -> None:
    """Add a cell to the liberties of the string under ``head``, or remove it."""
    i = LIBS + head * WORDS + ((cell - STRIDE) >> 6)
    bit = 1 << ((cell - STRIDE) & 63)
    before = get(s, i)
    word = before | bit if present else before & ~bit
    if word != before:
        put(s, i, word)
        put(s, COUNT + head, get(s, COUNT + head) + (1 if present else -1))


@compiled
def popcount(word: int) -> int:
    """Number of bits that are set."""
    n = 0
    while word != 0:  # LLVM makes this loop one instruction
        word &= word - 1
        n += 1
    return n


@compiled
def count_liberties(s: State, head: int) -> int:
    """Number of liberties of the string under ``head``."""
    return get(s, COUNT + head)


@compiled
def next_liberty(s: State, head: int, cell: int) -> int:
    """The first liberty of a string after ``cell``; 0 if there is none. Start with cell 0."""
    bit = max(cell + 1 - STRIDE, 0)
    w = bit >> 6
    if w >= WORDS:
        return 0
    word = get(s, LIBS + head * WORDS + w) & (-1 << (bit & 63))
    while word == 0:
        w += 1
        if w == WORDS:
            return 0
        word = get(s, LIBS + head * WORDS + w)
    return STRIDE + 64 * w + popcount((word & -word) - 1)


@compiled
def merge(s: State, head: int, gone: int) -> None:
    """Join the string under ``gone`` to the one under ``head``."""
    stone = gone
    while True:
        put(s, HEAD + stone, head)
        stone = get(s, NEXT + stone)
        if stone == gone:
            break
    after = get(s, NEXT + head)
    put(s, NEXT + head, get(s, NEXT + gone))
    put(s, NEXT + gone, after)
    put(s, SIZE + head, get(s, SIZE + head) + get(s, SIZE + gone))
    count = 0
    for w in range(WORDS):
        i, j = LIBS + head * WORDS + w, LIBS + gone * WORDS + w
        word = get(s, j)
        if word != 0:
            put(s, i, word | get(s, i))
            put(s, j, 0)
        count += popcount(get(s, i))
    put(s, COUNT + head, count)
    put(s, COUNT + gone, 0)


@compiled
def remove(s: State, head: int) -> None:
    """Remove a captured string; its cells become liberties of the strings around it."""
    captor = 3 - get(s, head)
    stone = head
    while True:
        put(s, stone, EMPTY)
        for step in SIDES:
            if get(s, stone + step) == captor:
                set_liberty(s, get(s, HEAD + stone + step), stone, True)
        stone = get(s, NEXT + stone)
        if stone == head:
            break


@compiled
def play(s: State, cell: int, colour: int) -> int:
    """Place a stone on an empty cell and remove captured stones; returns their number.

    Legality is not checked; a suicide leaves a string without liberties.
    """
    head = cell
    for step in SIDES:
        if get(s, cell + step) == colour:
            near = get(s, HEAD + cell + step)
            if head == cell or get(s, SIZE + near) > get(s, SIZE + head):
                head = near
    put(s, cell, colour)
    put(s, HEAD + cell, head)
    if head == cell:
        put(s, NEXT + cell, cell)
        put(s, SIZE + cell, 1)
    else:
        put(s, NEXT + cell, get(s, NEXT + head))
        put(s, NEXT + head, cell)
        put(s, SIZE + head, get(s, SIZE + head) + 1)
        set_liberty(s, head, cell, False)
    captured = 0
    for step in SIDES:
        near = get(s, cell + step)
        if near == EMPTY:
            set_liberty(s, head, cell + step, True)
        elif near == colour:
            other = get(s, HEAD + cell + step)
            if other != head:
                set_liberty(s, other, cell, False)
                merge(s, head, other)
        elif near != WALL:
            other = get(s, HEAD + cell + step)
            set_liberty(s, other, cell, False)
            if count_liberties(s, other) == 0:
                captured += get(s, SIZE + other)
                remove(s, other)
    ko = 0
    if captured == 1 and get(s, SIZE + head) == 1 and count_liberties(s, head) == 1:
        ko = 4 * next_liberty(s, head, 0) + 3 - colour
    put(s, KO, ko)
    return captured


@compiled
def head_beside(s: State, cell: int, colour: int) -> int:
    """Head of the string on a cell of this colour; else 0, a string without stones or liberties."""
    return get(s, HEAD + cell) if get(s, cell) == colour else 0


@compiled
def preview(s: State, cell: int, colour: int) -> tuple[int, int, int]:
    """The effect of a move on an empty cell, without playing it.

    Returns:
        Numbers of captured stones, and of stones and liberties of the new string; 0 liberties for suicide. Ko
        is not checked.
    """
    up, left = head_beside(s, cell - STRIDE, colour), head_beside(s, cell - 1, colour)
    right, down = head_beside(s, cell + 1, colour), head_beside(s, cell + STRIDE, colour)
    if left == up:
        left = 0
    if right in (up, left):
        right = 0
    if down in (up, left, right):
        down = 0
    stones, liberties = 1, 0
    own = up + left + right + down
    if own != 0:
        stones += get(s, SIZE + up) + get(s, SIZE + left) + get(s, SIZE + right) + get(s, SIZE + down)
        liberties = -1  # the cell itself is one of theirs
        if own in (up, left, right, down):
            liberties += count_liberties(s, own)
        else:
            for w in range(WORDS):
                liberties += popcount(joined(s, w, up, left, right, down))
    hostile, captured, beside_hostile = 3 - colour, 0, False
    for step in SIDES:
        near = get(s, cell + step)
        beside_hostile |= near == hostile
        if own == 0:
            liberties += near == EMPTY
        elif near == EMPTY:
            liberties += not is_joined(s, cell + step, up, left, right, down)
    if beside_hostile:
        first = second = third = 0  # heads of captured strings, to count each once
        for step in SIDES:
            if get(s, cell + step) == hostile:
                head = get(s, HEAD + cell + step)
                if count_liberties(s, head) == 1 and head != first and head != second and head != third:
                    first, second, third = head, first, second
                    captured += get(s, SIZE + head)
                    liberties += freed(s, head, cell, up, left, right, down)
    return captured, stones, liberties


@compiled
def freed(s: State, captured: int, cell: int, up: int, left: int, right: int, down: int) -> int:
    """Number of captured stones that become liberties of a stone on ``cell`` or of its strings."""
    liberties, stone = 0, captured
    while True:
        distance = abs(stone - cell)
        liberties += distance == 1 or distance == STRIDE or touches(s, stone, up, left, right, down)
        stone = get(s, NEXT + stone)
        if stone == captured:
            break
    return liberties


@compiled
def joined(s: State, w: int, up: int, left: int, right: int, down: int) -> int:
    """Word ``w`` of the liberties of four strings together."""
    i = LIBS + w
    return (
        get(s, i + up * WORDS)
        | get(s, i + left * WORDS)
        | get(s, i + right * WORDS)
        | get(s, i + down * WORDS)
    )


@compiled
def is_joined(s: State, cell: int, up: int, left: int, right: int, down: int) -> bool:
    """Whether a cell is a liberty of one of four strings."""
    bit = cell - STRIDE
    return joined(s, bit >> 6, up, left, right, down) >> (bit & 63) & 1 == 1


@compiled
def touches(s: State, cell: int, up: int, left: int, right: int, down: int) -> bool:
    """Whether a cell is beside a stone of one of these strings."""
    for step in SIDES:
        colour = get(s, cell + step)
        if colour in (BLACK, WHITE):
            head = get(s, HEAD + cell + step)
            if head in (up, left, right, down):
                return True
    return False


@compiled
def is_legal(s: State, cell: int, colour: int) -> bool:
    """Whether a move is on an empty cell, and neither suicide nor forbidden by simple ko."""
    return get(s, cell) == EMPTY and s[KO] != 4 * cell + colour and preview(s, cell, colour)[2] > 0
