"""The pictures of a comparison: readable, with possible axes, and what they state in words."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.compare.figures import VERDICTS, accuracy_plot, difference_plot, matrix_plot
from shared.compare.markdown import MARKS
from shared.compare.statistics import Accuracy
from shared.results.plots import draw
from tests.shared.compare.findings import estimate_of, finding


def words_of(figure: Figure) -> str:
    draw(figure)  # which sets the words of the ticks
    return " ".join(
        text.get_text()
        for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))  # type: ignore[attr-defined]
    )


def markers(axes: Axes) -> list[tuple[float, str]]:
    """The height of each end of an interval, and whether it is a bar or an arrow."""
    single = [line for line in axes.lines if line.get_marker() in ("_", "v", "^")]
    return [(round(float(line.get_ydata()[0]), 6), str(line.get_marker())) for line in single]  # type: ignore[index]


def test_a_difference_is_drawn_over_the_budgets_with_its_verdict_in_words() -> None:
    curve = [(500, 12.0, 2.0), (2000, 6.0, 1.0), (8000, 2.4, 0.4)]
    figure = difference_plot(finding("holds", curve, margin=0.01), "lecture − dense")
    [axes] = figure.axes
    [line] = [line for line in axes.lines if len(line.get_xdata()) == 3]  # type: ignore[arg-type]
    assert list(line.get_xdata()) == [500, 2000, 8000]
    assert list(line.get_ydata()) == pytest.approx([12.0, 6.0, 2.4])
    assert -1 in [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]  # type: ignore[index]
    words = words_of(figure)
    for word in ("500", "2k", "8k", "+2.4", "✓ holds", "lecture − dense", "training examples"):
        assert word in words


def test_both_margins_of_an_equivalence_are_drawn() -> None:
    [axes] = difference_plot(finding("equivalent", margin=0.01, equivalent=True), "").axes
    dotted = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]  # type: ignore[index]
    assert sorted(dotted) == [-1, 1]


def test_an_interval_that_leaves_the_scale_ends_in_an_arrow_at_its_edge() -> None:
    unknown = finding("not shown", [(500, 0.0, np.inf), (2000, -20.0, 60.0), (8000, 5.0, 1.0)])
    [axes] = difference_plot(unknown, "").axes
    first, second, third = np.split(np.array(markers(axes), dtype=object), 3)
    assert first.tolist() == second.tolist() == [[-100, "v"], [100, "^"]]
    assert [sign for _, sign in third] == ["_", "_"]
    low, high = axes.get_ylim()
    assert (low, high) == (-100, 100)


def test_the_best_design_is_the_upper_row_on_an_axis_within_0_to_100() -> None:
    curves = {
        "a": [(1, Accuracy(0.97, 0.05, 4, 5, 200)), (4, Accuracy(1.0, 0.01, 4, 5, 200))],
        "b": [(1, Accuracy(0.0, 0.01, 4, 5, 200)), (4, Accuracy(0.5, 0.2, 4, 5, 200))],
    }
    figure = accuracy_plot("Digits", curves, {"a": 2e6, "b": 3e9})
    [axes] = figure.axes
    assert axes.get_xlim() == (0, 100)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b, 3.0GFLOPs", "a, 2.0MFLOPs"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    places = [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in dots]  # type: ignore[index]
    assert places == [(0, 0), (50, 0), (97, 1), (100, 1)]
    assert dots[0].get_color() == dots[2].get_color() != dots[1].get_color()
    assert all(words in words_of(figure) for words in ("budget ×1", "budget ×4", "test accuracy, %"))


def test_a_part_without_results_is_drawn_as_that() -> None:
    assert "no results" in words_of(difference_plot(finding("not shown", []), "lecture − dense"))


@pytest.mark.parametrize("columns", [["Phones, made voices, men → women"], ["a", "b", "c"]])
def test_the_heading_of_the_matrix_is_not_cut_off(columns: list[str]) -> None:
    gains = {("padding: zeros", column): estimate_of(2.0, 0.5) for column in columns}
    gains_of_own = {("padding: none", column): None for column in columns}
    figure = matrix_plot(["padding: none", "padding: zeros"], columns, {**gains, **gains_of_own})
    words = words_of(figure)
    assert "+2.0" in words
    assert "the domain's own" in words
    figure.draw_without_rendering()
    heading = figure._suptitle.get_window_extent()  # type: ignore[attr-defined]
    assert heading.x1 <= figure.bbox.width


def test_verdicts_differ_in_sign_and_colour() -> None:
    assert set(MARKS) == set(VERDICTS)
    assert len(set(MARKS.values())) == len(set(VERDICTS.values())) == 4
