"""Names of the points: the letter of the column (no I) and the row counted from the bottom, as GTP has it."""

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
