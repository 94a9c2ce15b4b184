"""Labels of moves are apart, on the board and along a game."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from domains.go.drawing import game_picture, move_picture


def boxes_apart(figure: Figure, texts: list[Text]) -> bool:
    boxes = [text.get_window_extent(figure._get_renderer()) for text in texts]  # type: ignore[attr-defined]
    assert len(boxes) > 1
    return not any(a.overlaps(b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("size", [9, 13, 19])
@pytest.mark.parametrize("shares", [(0.38, 0.33, 0.25), (1.0, 0.0, 0.0), (0.995, 0.003, 0.002)])
def test_probabilities_of_neighbours_on_the_board(size: int, shares: tuple[float, ...]) -> None:
    probabilities = np.zeros(size * size)
    probabilities[[4 * size + 3, 4 * size + 4, 4 * size + 5]] = shares
    figure = move_picture(
        np.zeros((size, size), np.int8), probabilities,
        played=5 * size + 4, last=None, top=5, title="game", subtitle="move",
    )  # fmt: skip
    labels = [text for text in figure.axes[0].texts if text.get_weight() == "bold"]
    assert len(labels) >= 4
    assert boxes_apart(figure, labels)


def test_names_of_moves_along_a_game() -> None:
    n = 60
    figure = game_picture(
        np.full(n, 0.2), np.ones(n, np.int64), np.arange(n) % 2 == 0, np.arange(1, n + 1),
        points=361, named={30: "Q16 20%", 31: "R17 20%", 32: "C3 20%"}, title="game", subtitle="moves",
    )  # fmt: skip
    assert boxes_apart(figure, list(figure.axes[0].texts))
