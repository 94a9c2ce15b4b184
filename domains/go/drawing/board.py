"""The board as a figure: wood, stones, coordinates, and a heat map.

Colours are from the palette of Okabe & Ito (2008), distinguishable with any colour vision.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle
from numpy.typing import NDArray

from domains.go.board import LETTERS
from shared.results import ORANGE

INK, WOOD = "#4A3415", (0.935, 0.815, 0.615)
# From small to large values: blue above zero, which stands out on wood, red below.
POSITIVE = ((0.45, 0.76, 1.00), (0.00, 0.13, 0.47))
NEGATIVE = ((1.00, 0.66, 0.52), (0.52, 0.04, 0.00))
BLACK, WHITE = 1, 2
TILE = 48  # pixels per point
MARGIN = 1.3  # from the outermost lines to the edge of the wood, in units of a point
STARS = {
    9: [*product((2, 6), repeat=2), (4, 4)],
    13: [*product((3, 9), repeat=2), (6, 6)],
    19: [*product((3, 9, 15), repeat=2)],
}

Tile = NDArray[np.float32]
# Of the pixels of a tile: right and down of its centre, and the distance from it.
Y, X = (np.indices((TILE, TILE), np.float32) + 0.5) / TILE - 0.5
R = np.hypot(X, Y)


def draw_board(
    axes: Axes,
    stones: NDArray[np.int8],
    heat: NDArray[np.floating] | None = None,
    *,
    limit: float | None = None,
    labels: Mapping[int, str] | None = None,
    last: int | None = None,
    chosen: int | None = None,
) -> None:
    """Draw a position with a heat map, labels and marks.

    Args:
        axes: without a frame afterwards; one unit is the distance of two points, the origin is the top left.
        stones: (size, size) 0 empty, 1 black, 2 white; row 0 is the top line.
        heat: (size, size) values of the points, such as probabilities; may be negative. Empty points are
            coloured whole, stones in their centre.
        limit: the absolute value with the full colour; None: the largest.
        labels: short texts on points, by point (row * size + column).
        last: the point of the last move, marked on its stone.
        chosen: a point with a ring, such as the next move.
    """
    size = len(stones)
    _draw_empty(axes, size)
    unit = _points_of_unit(axes)
    board = (-0.5, size - 0.5, size - 0.5, -0.5)
    shadow = (board[0] + 0.04, board[1] + 0.04, board[2] + 0.06, board[3] + 0.06)
    tiles = _stones()
    axes.imshow(_mosaic(tiles[np.where(stones, 3, 0)]), extent=shadow, zorder=2)
    axes.imshow(_mosaic(tiles[stones]), extent=board, zorder=3)
    colours = heat_colours(np.zeros(stones.shape) if heat is None else heat, limit)
    axes.imshow(_mosaic(_heat_tiles(colours, stones != 0)), extent=board, zorder=4)
    for point, text in (labels or {}).items():
        row, column = divmod(point, size)
        dark = stones[row, column] == BLACK or colours[row, column, 1] < 0.45
        axes.text(
            column, row, text, ha="center", va="center_baseline", zorder=6, parse_math=False,
            fontsize=max(9.0, 0.29 * unit), color="white" if dark else "black", weight="bold",
        )  # fmt: skip
    opposite = "black" if last is None or stones.flat[last] != BLACK else "white"
    rings = (last, 0.24, opposite, 0.06), (chosen, 0.45, "white", 0.15), (chosen, 0.45, ORANGE, 0.09)
    for marked, radius, colour, width in rings:
        if marked is not None:
            row, column = divmod(marked, size)
            style = {"edgecolor": colour, "linewidth": width * unit}
            axes.add_patch(Circle((column, row), radius, fill=False, zorder=5, **style))


def heat_colours(heat: NDArray[np.floating], limit: float | None = None) -> NDArray[np.float32]:
    """RGBA (…, 4) of values (…): one hue above zero, one below; larger values are darker.

    Shades follow the square root, so that 1 % is visible beside 50 %; only small values are transparent.
    """
    strength = np.sqrt(np.clip(np.abs(heat) / (limit or np.abs(heat).max() or 1.0), 0, 1))[..., None]
    light, deep = (
        np.where(heat[..., None] < 0, low, high) for low, high in zip(NEGATIVE, POSITIVE, strict=True)
    )
    alpha = 0.95 * np.minimum(2.5 * strength, 1)
    return np.concatenate([light + (deep - light) * strength, alpha], -1).astype(np.float32)


def heat_on_wood(heat: NDArray[np.floating], limit: float) -> NDArray[np.float32]:
    """RGB (…, 3) of values as a board shows them; ``limit`` has the full colour."""
    colours = heat_colours(heat, limit)
    return colours[..., :3] * colours[..., 3:] + (1 - colours[..., 3:]) * np.array(WOOD, np.float32)


def _heat_tiles(colours: NDArray[np.float32], taken: NDArray[np.bool_]) -> Tile:
    """(size, size, TILE, TILE, 4): stones get a window of wood, so that colours look the same on them."""
    colours, alpha = colours.copy(), colours[..., 3:].copy()
    colours[taken, :3] = (alpha * colours[..., :3] + (1 - alpha) * WOOD)[taken]
    colours[taken, 3] = np.minimum(4 * alpha[taken, 0], 1)
    tiles = np.broadcast_to(colours[:, :, None, None], (*taken.shape, TILE, TILE, 4)).copy()
    rounded = (np.abs(X) ** 5 + np.abs(Y) ** 5) ** 0.2
    spots = np.stack([np.clip((0.475 - rounded) * TILE + 0.5, 0, 1), _disc(0.3)])  # on wood, on a stone
    tiles[..., 3] *= spots[taken.astype(int)]
    return tiles


def _draw_empty(axes: Axes, size: int) -> None:
    """Wood, lines, star points and coordinates."""
    low, high, end = -MARGIN, size - 1 + MARGIN, size - 1
    axes.set(xlim=(low, high), ylim=(high, low), aspect="equal")
    axes.axis("off")
    axes.imshow(_wood(), extent=(low, high, high, low), interpolation="bicubic", zorder=0)
    unit = _points_of_unit(axes)
    lines = [[(i, 0), (i, end)] for i in range(size)] + [[(0, i), (end, i)] for i in range(size)]
    style = {"colors": INK, "linewidths": 0.03 * unit, "capstyle": "projecting"}
    axes.add_collection(LineCollection(lines, **style, zorder=1))
    for x, y in STARS.get(size, ()):
        axes.add_patch(Circle((x, y), 0.1, color=INK, linewidth=0, zorder=1))
    for i, edge in product(range(size), (-0.9, size - 0.1)):
        for across, down, text in ((i, edge, LETTERS[i]), (edge, i, str(size - i))):
            axes.text(across, down, text, ha="center", va="center", color=INK, fontsize=max(9.0, 0.34 * unit))


def _points_of_unit(axes: Axes) -> float:
    """The distance of two points of the board in typographic points."""
    box = axes.get_window_extent()
    shown = abs(np.diff(axes.get_xlim())[0])
    return min(box.width, box.height) / shown * 72 / axes.figure.dpi


def _mosaic(tiles: Tile) -> NDArray[np.uint8]:
    """An image (size * TILE, size * TILE, 4) of tiles (size, size, TILE, TILE, 4) with values 0 … 1."""
    size = len(tiles) * TILE
    return (255 * tiles.transpose(0, 2, 1, 3, 4).reshape(size, size, 4)).astype(np.uint8)


def _disc(radius: float, soft: float = 1 / TILE) -> Tile:
    """Opacity of a disc whose edge fades over ``soft``."""
    return np.clip((radius - R) / soft + 0.5, 0, 1)


@lru_cache
def _stones() -> Tile:
    """(4, TILE, TILE, 4): empty, a black stone, a white stone, a shadow."""
    light = np.exp(-((X + 0.16) ** 2 + (Y + 0.18) ** 2) / 0.035)  # from the top left
    tiles = np.zeros((4, TILE, TILE, 4), np.float32)
    tiles[BLACK, ..., :3] = (0.10 + 0.30 * light)[..., None]
    tiles[WHITE, ..., :3] = np.clip(0.99 - 0.55 * np.clip(R - 0.25, 0, 1) - 0.12 * (X + Y), 0, 1)[..., None]
    tiles[[BLACK, WHITE], ..., 3] = _disc(0.47)
    tiles[3, ..., 3] = 0.4 * _disc(0.45, soft=0.12)
    return tiles


@lru_cache
def _wood() -> NDArray[np.float32]:
    """(pixels, pixels, 3) of light wood with a fine horizontal grain."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:1:240j, 0:1:240j]
    bend = y + 0.012 * np.sin(5 * x + 1) + 0.006 * np.sin(13 * x)
    fine = np.interp(bend, np.linspace(-0.1, 1.1, 150), random.normal(size=150))
    broad = np.interp(bend, np.linspace(-0.1, 1.1, 18), random.normal(size=18))
    shade = 1 + 0.010 * fine + 0.012 * broad
    return np.clip(np.array(WOOD) * shade[..., None], 0, 1).astype(np.float32)
