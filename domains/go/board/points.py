"""Names of points as in GTP: the letter of the column (without I) and the row from the bottom."""

import re

LETTERS = "ABCDEFGHJKLMNOPQRST"


def point_names(size: int) -> list[str]:
    """The names of all points, row by row from the top left: ``A19`` is point 0."""
    return [point_name(point, size) for point in range(size * size)]


def point_name(point: int, size: int) -> str:
    """The name of a point; ``pass`` for the point beyond the last."""
    if point == size * size:
        return "pass"
    row, column = divmod(point, size)
    return f"{LETTERS[column]}{size - row}"


def parse_point(name: str, size: int) -> int | None:
    """The point of a name in either case, ``size * size`` for a pass; None if there is no such point."""
    name = name.upper()
    if name == "PASS":
        return size * size
    match = re.fullmatch(r"([A-HJ-T])([1-9]\d?)", name, re.ASCII)
    if not match:
        return None
    column, row = LETTERS.index(match[1]), int(match[2])
    return (size - row) * size + column if max(column + 1, row) <= size else None
