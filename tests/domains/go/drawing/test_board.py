"""The board as a picture, looked at by its pixels."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from domains.go.drawing.board import WOOD, draw_board, heat_colours

# Linear RGB as seen without one kind of cone: Machado, Oliveira & Fernandes 2009, severity 1.0.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def board(size: int = 9, **what) -> Axes:
    axes = Figure(figsize=(5, 5), dpi=100).add_axes((0, 0, 1, 1))
    draw_board(axes, what.pop("stones", np.zeros((size, size), np.int8)), **what)
    return axes


def pixels(axes: Axes) -> np.ndarray:
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def colour(axes: Axes, row: float, column: float) -> np.ndarray:
    """Mean colour of a small square, beside the lines that cross on a point."""
    picture = pixels(axes)
    low, high = sorted(axes.get_xlim())  # the axes fill the picture, whose row 0 is at the top
    y, x = (int((place + 0.15 - low) / (high - low) * len(picture)) for place in (row, column))
    return picture[y - 2 : y + 2, x - 2 : x + 2].mean((0, 1))


def lightness(rgb: np.ndarray) -> np.ndarray:
    return lab(linear(rgb))[..., 0]


def linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, in which distance is how different two colours look."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = rgb @ to_xyz.T / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def on_wood(heat: np.ndarray) -> np.ndarray:
    colours = heat_colours(heat, 1.0)
    return colours[..., 3:] * colours[..., :3] + (1 - colours[..., 3:]) * np.array(WOOD)


def test_stones_lie_at_their_row_and_column() -> None:
    stones = np.zeros((9, 9), np.int8)
    stones[0, 2], stones[7, 8] = 1, 2
    axes = board(stones=stones)
    assert colour(axes, 0, 2).max() < 0.35
    assert colour(axes, 7, 8).min() > 0.75
    for row, column in ((2, 0), (8, 7), (4, 5)):
        np.testing.assert_allclose(colour(axes, row, column), WOOD, atol=0.08)


@pytest.mark.parametrize("size", [5, 9, 13, 19])
def test_coordinates_stand_on_all_four_sides(size: int) -> None:
    texts = {}
    for text in board(size).texts:
        texts.setdefault(text.get_text(), []).append(text.get_position())
    letters = "ABCDEFGHJKLMNOPQRST"[:size]
    assert set(texts) == set(letters) | {str(i) for i in range(1, size + 1)}
    for column, letter in enumerate(letters):
        assert [x for x, _ in texts[letter]] == [column, column]
        assert sorted(y > size / 2 for _, y in texts[letter]) == [False, True]
    for row in range(size):  # row 1 at the bottom
        assert [y for _, y in texts[str(size - row)]] == [row, row]


@pytest.mark.parametrize(("size", "stars"), [(5, 0), (9, 5), (13, 5), (19, 9)])
def test_star_points(size: int, stars: int) -> None:
    assert len(board(size).patches) == stars


def test_heat_colours_the_points_and_spares_the_others() -> None:
    heat = np.zeros((9, 9))
    heat[1, 2], heat[6, 6] = 0.5, -0.5
    plain, axes = board(), board(heat=heat)
    blue, red = colour(axes, 1, 2), colour(axes, 6, 6)
    assert blue[2] > 2 * blue[0]
    assert red[0] > 2 * red[2]
    np.testing.assert_allclose(colour(axes, 2, 1), colour(plain, 2, 1), atol=1e-6)


@pytest.mark.parametrize("stone", [1, 2])
def test_heat_has_the_same_scale_on_stones_and_on_wood(stone: int) -> None:
    stones, heat = np.zeros((9, 9), np.int8), np.zeros((9, 9))
    stones[3, 3] = stones[3, 5] = stone
    heat[3, 3] = 0.2
    axes = board(stones=stones, heat=heat, limit=1.0)
    np.testing.assert_allclose(colour(axes, 3, 3), on_wood(np.array([0.2]))[0], atol=0.02)
    np.testing.assert_allclose(colour(axes, 3, 5), colour(board(stones=stones), 3, 5), atol=1e-6)


def test_the_limit_defaults_to_the_largest_value() -> None:
    heat = np.array([[0.1, -0.4], [0.0, 0.2]])
    np.testing.assert_array_equal(heat_colours(heat), heat_colours(heat, 0.4))
    assert (heat_colours(np.zeros((2, 2)))[..., 3] == 0).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_more_heat_is_darker(sign: int) -> None:
    shades = lightness(on_wood(sign * np.linspace(0, 1, 21)))
    assert (np.diff(shades) < 0).all()
    assert shades[0] - shades[-1] > 50


@pytest.mark.parametrize("eye", EYES)
def test_signs_differ_in_colour_for_all_colour_visions(eye: str) -> None:
    values = np.array([0.05, 0.1, 0.25, 0.5, 1.0])
    above, below = (
        lab((linear(on_wood(heat)) @ np.transpose(EYES[eye])).clip(0, 1)) for heat in (values, -values)
    )
    assert np.linalg.norm(above - below, axis=-1).min() > 30


def test_labels_and_marks() -> None:
    stones = np.zeros((9, 9), np.int8)
    stones[4, 4] = 1
    heat = np.zeros((9, 9))
    heat[0, 1], heat[2, 2] = 1.0, 0.01
    axes = board(stones=stones, heat=heat, labels={1: "99%", 20: "1%", 40: "x"}, last=40, chosen=20)
    written = {t.get_text(): (t.get_position(), t.get_color()) for t in axes.texts if t.get_zorder() > 5}
    assert written == {"99%": ((1, 0), "white"), "1%": ((2, 2), "black"), "x": ((4, 4), "white")}
    rings = [patch.center for patch in axes.patches if not patch.get_fill()]
    assert set(rings) == {(4, 4), (2, 2)}
