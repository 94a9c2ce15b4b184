"""Random openings, so that games between the same programs differ."""

import random
from collections.abc import Collection

Point = tuple[int, int]

# (line, line) from a corner: moves in an empty corner, and moves near an occupied one.
CORNER = [(3, 3), (3, 4), (4, 3), (4, 4), (4, 4), (3, 4), (4, 3), (3, 5), (5, 3), (4, 5), (5, 4)]
NEARBY = [(3, 6), (6, 3), (4, 6), (6, 4), (3, 5), (5, 3), (4, 5), (5, 4), (3, 10), (10, 3), (4, 10), (10, 4)]


def opening(rng: random.Random, size: int = 19, stones: Collection[Point] = ()) -> list[Point]:
    """Two to eight moves on opening points, mostly corners first, more than two steps apart and from stones.

    On boards below 13×13 two moves, and beside handicap stones as many as there is room for. A point is
    (row, column) from the bottom left, as in sgfmill.
    """
    if size < 13:
        return _scattered(rng, size, stones)
    corners = [(top, left) for top in (False, True) for left in (False, True)]
    rng.shuffle(corners)
    empty = list(corners)
    moves: list[Point] = []
    count = rng.randint(2, 8)
    for _ in range(1000):
        if len(moves) == count:
            break
        takes_corner = bool(empty) and rng.random() < 0.85
        top, left = empty[-1] if takes_corner else rng.choice(corners)
        line, other = rng.choice(CORNER if takes_corner else NEARBY)
        row, col = (size - line if top else line - 1), (other - 1 if left else size - other)
        if _apart((row, col), [*stones, *moves]):
            moves.append((row, col))
            if takes_corner:
                empty.pop()
    return moves


def _scattered(rng: random.Random, size: int, stones: Collection[Point]) -> list[Point]:
    """Two points that are not on the two outer lines."""
    points = [(row, col) for row in range(2, size - 2) for col in range(2, size - 2)]
    rng.shuffle(points)
    moves: list[Point] = []
    for point in points:
        if len(moves) < 2 and _apart(point, [*stones, *moves]):
            moves.append(point)
    return moves


def _apart(point: Point, others: Collection[Point]) -> bool:
    return all(abs(point[0] - row) + abs(point[1] - col) > 2 for row, col in others)
