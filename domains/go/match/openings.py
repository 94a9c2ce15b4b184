"""Random openings, so that games between the same programs differ."""

import random

Point = tuple[int, int]

SIZE = 19
# (line, line) from a corner: moves in an empty corner, and moves near an occupied one.
CORNER = [(3, 3), (3, 4), (4, 3), (4, 4), (4, 4), (3, 4), (4, 3), (3, 5), (5, 3), (4, 5), (5, 4)]
NEARBY = [(3, 6), (6, 3), (4, 6), (6, 4), (3, 5), (5, 3), (4, 5), (5, 4), (3, 10), (10, 3), (4, 10), (10, 4)]


def opening(rng: random.Random) -> list[Point]:
    """Two to eight moves on opening points, mostly corners first, more than two steps apart.

    A point is (row, column) from the bottom left, as in sgfmill.
    """
    corners = [(top, left) for top in (False, True) for left in (False, True)]
    rng.shuffle(corners)
    empty = list(corners)
    moves: list[Point] = []
    count = rng.randint(2, 8)
    while len(moves) < count:
        takes_corner = bool(empty) and rng.random() < 0.85
        top, left = empty[-1] if takes_corner else rng.choice(corners)
        line, other = rng.choice(CORNER if takes_corner else NEARBY)
        row, col = (SIZE - line if top else line - 1), (other - 1 if left else SIZE - other)
        if all(abs(row - r) + abs(col - c) > 2 for r, c in moves):
            moves.append((row, col))
            if takes_corner:
                empty.pop()
    return moves
