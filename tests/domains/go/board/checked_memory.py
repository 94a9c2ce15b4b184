"""Run the compiled functions uncompiled, in memory that checks every access, over whole games.

    NUMBA_DISABLE_JIT=1 python -m tests.domains.go.board.checked_memory games.npz positions

An index below 0 or behind the end raises, and so does reading a cell that nothing has written; so it is with
all arrays that the compiled functions take. The memory of strings (HEAD, NEXT, SIZE, LIBS)
counts as unwritten after ``reset`` until a stone is played there, so that a cell beyond the walls is noticed;
``put`` may log it. Prints a digest of what the functions answered for each game.
"""

import copy
import hashlib
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from domains.go.board import game, ladder, planes, position, state
from domains.go.board.game import Game, first_illegal
from domains.go.board.games import Games
from domains.go.board.planes import GROUPS, batch_planes
from domains.go.board.position import Position, position_planes
from domains.go.board.state import HEAD, KO, LOG
from tests.domains.go.board.reference import games_of, legal_points

UNWRITTEN = object()


class Checked:
    """An array as nested lists of Python numbers."""

    def __init__(self, cells: list[Any]):
        self.cells = cells

    @classmethod
    def of(cls, array: np.ndarray) -> "Checked":
        return cls([cls.of(row) for row in array] if array.ndim > 1 else array.tolist())

    @classmethod
    def filled(cls, shape: int | tuple[int, ...], value: Any) -> "Checked":
        first, *rest = (shape,) if isinstance(shape, int) else shape
        return cls([cls.filled(tuple(rest), value) if rest else value for _ in range(first)])

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self.cells)))

    def _within(self, index: Any) -> Any:
        if isinstance(index, slice):
            first, last = index.start or 0, len(self) if index.stop is None else index.stop
            if not 0 <= first <= last <= len(self) or index.step is not None:
                raise IndexError(f"{index} of {len(self)} cells")
            return slice(first, last)
        if not 0 <= index < len(self.cells):
            raise IndexError(f"{index} of {len(self)} cells")
        return index

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple):
            return self[index[0]][index[1]]
        if isinstance(index, np.ndarray):
            return np.array([self[int(i)] for i in index.ravel()]).reshape(index.shape)
        value = self.cells[self._within(index)]
        if isinstance(index, slice):
            return Checked(value)
        if value is UNWRITTEN:
            raise ValueError(f"cell {index} is read before it is written")
        return value

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, tuple):
            self[index[0]][index[1]] = value
        elif isinstance(index, np.ndarray):
            for i, one in zip(index.ravel().tolist(), value.ravel().tolist(), strict=True):
                self[i] = one
        elif isinstance(index, slice):
            for i in range(*self._within(index).indices(len(self))):
                self.cells[i] = value
        elif isinstance(row := self.cells[self._within(index)], Checked):
            row.cells = value.tolist() if isinstance(value, np.ndarray) else [value] * len(row)
        else:
            self.cells[index] = value.item() if isinstance(value, np.generic) else value

    def __eq__(self, other: object) -> Any:  # as an array: cell by cell
        return self.array() == other

    __hash__ = None  # type: ignore[assignment]

    def array(self) -> np.ndarray:
        return np.array([cell.array() if isinstance(cell, Checked) else cell for cell in self])

    def reshape(self, *shape: int) -> np.ndarray:
        return self.array().reshape(*shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *(self.cells[0].shape if isinstance(self.cells[0], Checked) else ()))

    def copy(self) -> "Checked":
        return Checked(list(self.cells))


class CheckedNumPy:
    """NumPy, but new arrays are checked."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def empty(shape: Any, dtype: Any = float) -> Checked:
        return Checked.filled(shape, UNWRITTEN)

    @staticmethod
    def zeros(shape: Any, dtype: Any = float) -> Checked:
        return Checked.filled(shape, 0)


def reset(s: Checked, size: int, whole: Any = state.reset) -> None:
    s[HEAD:KO] = UNWRITTEN
    whole(s, size)


def put(s: Checked, i: int, value: int) -> None:
    top = s[LOG]
    s[top : top + 2] = UNWRITTEN
    s.cells[top], s.cells[top + 1] = i, s.cells[i]  # an unwritten value stays one
    s[LOG] = top + 2
    s[i] = value


def undo(s: Checked, mark: int) -> None:
    for top in range(s[LOG] - 2, mark - 1, -2):
        s[s[top]] = s.cells[top + 1]
    s[LOG] = mark


def check_memory() -> None:
    """From here on, in this process, the functions of the domain use checked memory."""
    sys.setrecursionlimit(20_000)  # a ladder calls itself at every move
    state.np = planes.np = CheckedNumPy()
    for module in (state, game, ladder, planes, position):
        vars(module).update((f.__name__, f) for f in (reset, put, undo) if hasattr(module, f.__name__))
    entries = ("set_up", "replay", "write_planes", "_batch")
    for module, name in product((game, planes, position), entries):
        if not hasattr(module, name):
            continue
        function = getattr(module, name)
        assert not hasattr(function, "py_func"), "set NUMBA_DISABLE_JIT=1"

        def call(*arguments: Any, function: Any = function) -> Any:
            return function(*(Checked.of(a) if isinstance(a, np.ndarray) else a for a in arguments))

        setattr(module, name, call)


def answers(games: Games, g: int, count: int) -> str:
    """A digest of the planes, legal moves and boards of ``count`` positions of a game, its end among them."""
    setup = games.setup_of(g)
    moves = games.moves_of(g)
    size, groups = int(games.size[g]), tuple(GROUPS)
    ply = np.unique(np.linspace(0, len(moves) - 1, count).astype(int))
    arrays: list[Any] = [first_illegal(size, setup, np.append(moves, moves[:5]))]
    replayed = batch_planes(games, np.full(len(ply), g), ply, ply % 8, groups)
    alone = position_planes([Position.of(games, g, int(ply[-1]))], groups)
    board = Game(size, setup.tolist(), moves.tolist())
    twin = copy.deepcopy(board)
    arrays += [
        *replayed,
        *alone,
        twin.stones,
        twin.ko(0),
        twin.ko(1),
        legal_points(twin, 0, True),
        legal_points(board, 1),
    ]
    digest = hashlib.sha256()
    for values in arrays:
        array = values.array() if isinstance(values, Checked) else np.array(values)
        digest.update(array.astype(float).tobytes() if array.dtype != object else b"None")
    return digest.hexdigest()


def playout(size: int, seed: int, most: int = 400) -> tuple[list[int], list[int]]:
    """Setup stones and moves of random play on a board, captures and kos included."""
    random = np.random.default_rng(seed)
    setup = [2 * int(point) for point in random.choice(size * size, seed % 4, replace=False)]
    board = Game(size, setup)
    for ply in range(min(most, 3 * size * size)):
        points = np.flatnonzero(legal_points(board, ply % 2))
        point = int(random.choice(points)) if len(points) and random.random() > 0.03 else size * size
        board.play(2 * point + ply % 2)
    return setup, board.moves


def corner_eyes(size: int, colour: int) -> list[int]:
    """Setup stones that make a true eye in each corner of a board."""
    corners = [(row, column) for row in (0, size - 1) for column in (0, size - 1)]
    walls = {(abs(r - i), abs(c - j)) for r, c in corners for i, j in ((0, 1), (1, 0), (1, 1))}
    return [2 * (r * size + c) + colour for r, c in sorted(walls)]


def stored(records: Sequence[tuple[int, list[int], list[int]]]) -> dict[str, np.ndarray]:
    """Records as arrays for a file."""
    return {
        f"{g}-{name}": np.array(value)
        for g, record in enumerate(records)
        for name, value in zip(("size", "setup", "moves"), record, strict=True)
    }


def digests(file: Any, count: int) -> Iterator[str]:
    """The digest of every game of such a file."""
    with np.load(file) as arrays:
        for g in range(len(arrays.files) // 3):
            size, setup, moves = (arrays[f"{g}-{name}"] for name in ("size", "setup", "moves"))
            yield answers(games_of(int(size), (setup.tolist(), moves.tolist())), 0, count)


if __name__ == "__main__":
    check_memory()
    for line in digests(sys.argv[1], int(sys.argv[2])):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
