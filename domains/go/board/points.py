"""Names of the points: the letter of the column (no I) and the row counted from the bottom, as GTP has it."""

import re

LETTERS = "ABCDEFGHJKLMNOPQRST"


def names(size: int) -> list[str]:
    """The names of all points, row by row from the top left: ``A19`` is point 0."""
    return [name(point, size) for point in range(size * size)]


def name(point: int, size: int) -> str:
    """The name of a point; ``pass`` for the point beyond the last."""
    if point == size * size:
        return "pass"
    row, column = divmod(point, size)
    return f"{LETTERS[column]}{size - row}"


def point_of_name(text: str, size: int) -> int | None:
    """The point of a name in either case, ``size * size`` for a pass; None where there is no such point."""
    text = text.upper()
    if text == "PASS":
        return size * size
    found = re.fullmatch(r"([A-HJ-T])([1-9]\d?)", text, re.ASCII)
    if not found:
        return None
    column, row = LETTERS.index(found[1]), int(found[2])
    return (size - row) * size + column if max(column + 1, row) <= size else None
