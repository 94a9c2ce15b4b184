"""Points of fixed handicap stones (Go Text Protocol, version 2, draft 2, section 4.1.1)."""


def fixed_handicap(size: int, stones: int) -> list[int] | None:
    """The points of N handicap stones; None if the board has no such handicap."""
    limit = 0 if size < 7 else 9 if size % 2 and size > 7 else 4
    if not 2 <= stones <= limit:
        return None
    low = 3 if size > 12 else 2
    middle, high = size // 2, size - 1 - low
    corners = [(high, low), (low, high), (low, low), (high, high)]
    points = corners[: min(stones, 4)]
    if stones >= 6:
        points += [(middle, low), (middle, high)]
    if stones >= 8:
        points += [(low, middle), (high, middle)]
    if stones in (5, 7, 9):
        points.append((middle, middle))
    return [row * size + column for row, column in points]
