"""The report: one complete file, readable figures, untrusted text escaped."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from matplotlib.figure import Figure

from shared.compare.claims import judge
from shared.compare.entry import Entry
from shared.compare.figures import claims_plot, cost_plot, matrix_plot, styles
from shared.compare.report import write_report
from shared.compare.results import Results, results, write_csv
from shared.compare.spec import Comparison
from shared.results.plots import PALETTE, draw
from tests.shared.compare.comparisons import PADDED, PLAN, entries_of, of_digits, plan_of, result, right_at

HOSTILE = "<script>alert(1)</script> | a `b` ![x](http://evil/x.png)\n# c"


def written(plan: Comparison, entries: list[Entry], finished: Results, home: Path) -> tuple[str, str]:
    write_report(home, plan, entries, finished, judge(plan, finished))
    return (home / "report.md").read_text(), (home / "report.html").read_text()


def test_a_report_stands_alone(tmp_path: Path) -> None:
    plan = plan_of(title="Does it help?")
    same = {"params": 123_456}
    finished = of_digits(right_at(0.9, **same), right_at(0.5, **same, **PADDED))
    text, page = written(plan, entries_of(plan, tmp_path / "trainings"), finished, tmp_path)
    assert "# Does it help?" in text
    assert "| 1 | Convolution helps. | **holds** |" in text
    assert '<strong class="holds">holds</strong>' in page
    assert "a digest of the items of all batches is the same for each" in text
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert pictures == {"claims.png", "matrix.png", "task1-digits.png"}
    assert page.count('src="data:image/png;base64,') == 3
    assert not re.findall(r"<script|https?://|src=\"(?!data:)|href=", page)
    assert f"**{100 * finished['digits', 'lecture', 1].accuracy.value:.2f}**" in text
    assert "| 200 | 5 | 123,456 | 2,000 | 1.5 | 1.00 | 0.003 (×1) |" in text


def test_untrusted_text_is_escaped(tmp_path: Path) -> None:
    task = {**PLAN["tasks"]["digits"], "title": HOSTILE, "designs": {HOSTILE: [], "b": ["model.pool=none"]}}
    claim = {"says": HOSTILE, "parts": [{"better": HOSTILE, "than": "b", "tasks": [HOSTILE]}]}
    plan = plan_of(title=HOSTILE, tasks={HOSTILE: task}, claims=[claim])
    entries = entries_of(plan, tmp_path / "trainings")
    entries[1].refuse(HOSTILE)
    text, page = written(plan, entries, {(HOSTILE, HOSTILE, 1): right_at(0.5)}, tmp_path)
    assert "<script" not in page
    assert page.count("<img") == page.count('src="data:') == 2  # claims and the task, and none of theirs
    assert page.count("<h1>") == 1
    tables = [t for t in MarkdownIt().enable("table").parse(text) if t.type == "table_open"]
    assert len(tables) == 3
    assert "**failed**" in text


def test_a_report_can_be_made_before_all_entries_are_finished(tmp_path: Path) -> None:
    plan = plan_of()
    entries = entries_of(plan, tmp_path / "trainings")
    assert "No entry is finished yet." in written(plan, entries, {}, tmp_path)[0]
    text, _ = written(plan, entries, {("digits", "lecture", 1): right_at(0.5)}, tmp_path)
    assert "| dense | not trained yet |" in text
    assert "not trained: dense on digits" in text


def test_another_order_of_the_items_is_reported(tmp_path: Path) -> None:
    plan, right = plan_of(), [np.ones(10)] * 5
    finished = of_digits(result(right, order="0" * 64), result(right, order="1" * 64))
    text, _ = written(plan, entries_of(plan, tmp_path / "trainings"), finished, tmp_path)
    assert "in the same order, but not on digits." in text


def test_results_have_one_row_per_training_and_one_per_failed_entry(
    trained_entries: list[Entry], tmp_path: Path
) -> None:
    lecture, _ = trained_entries
    _, failed = entries_of(plan_of(), tmp_path)
    failed.refuse("no memory")
    write_csv(tmp_path / "results.csv", [lecture, failed])
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    searched = len(lecture.search(1))
    assert [row["use"] for row in rows] == ["search"] * searched + ["compared"] * 2 + ["failed"]
    assert [row["seed"] for row in rows[searched:]] == ["0", "1", ""]
    assert rows[1]["lr factor"] == "0.3"
    assert {(row["samples"], row["budget"], row["precision"]) for row in rows[:-1]} == {
        ("100", "1", "32-true")
    }
    assert (rows[-1]["design"], rows[-1]["reason"]) == ("dense", "no memory")


def test_results_are_those_of_the_runs(trained_entries: list[Entry]) -> None:
    finished = results(trained_entries)
    for entry in trained_entries:
        mine = finished["digits", entry.design, 1]
        runs = entry.finished(1)
        assert runs
        metrics = [run.metrics for run in runs]
        assert mine.accuracy.value == pytest.approx(np.mean([run["test/acc"] for run in metrics]))
        assert (mine.accuracy.seeds, mine.accuracy.items) == (2, metrics[0]["test/n"])
        assert mine.seconds == np.median([run["cpu_seconds"] for run in metrics])
        assert mine.classes == [list("0123456789")] * 2
    lecture, dense = finished.values()
    assert lecture.orders == dense.orders
    assert len(set(lecture.orders)) == 2
    difference = lecture.against(dense)
    assert difference
    assert difference.value == pytest.approx(lecture.accuracy.value - dense.accuracy.value)


def test_a_design_has_one_colour_everywhere_and_no_two_look_alike() -> None:
    chosen = styles([f"design {i}" for i in range(16)])
    assert chosen["design 0"] == styles(["design 0", "other"])["design 0"]
    assert [chosen[f"design {i}"][0] for i in range(8)] == list(PALETTE)
    assert len(set(chosen.values())) == 16


def drawn(figure: Figure) -> str:
    draw(figure)  # which sets the words of the ticks
    return " ".join(
        text.get_text()
        for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))  # type: ignore[attr-defined]
    )


def test_the_figure_of_costs_has_every_design_at_its_accuracy_with_units() -> None:
    by_design = {"lecture": right_at(0.9), "dense": right_at(0.5)}
    figure = cost_plot("Digits", by_design, styles(list(by_design)))
    assert len(figure.axes) == 4
    for axes in figure.axes:
        assert axes.get_xscale() == "log"
        heights = [float(line.get_ydata()[0]) for line, _, _ in axes.containers]  # type: ignore[misc]
        assert heights == pytest.approx([result.accuracy.value for result in by_design.values()])
    words = drawn(figure)
    for word in (
        "parameters",
        "FLOPs",
        "CPU time of a training",
        "time of one prediction",
        "lecture",
        "dense",
        "ms",
    ):
        assert word in words


def test_the_figures_of_claims_and_choices_show_their_numbers() -> None:
    finished = of_digits(right_at(0.9), right_at(0.5))
    words = drawn(claims_plot(judge(plan_of(), finished)))
    assert "lecture − dense on digits" in words
    assert "holds" in words
    difference = finished["digits", "lecture", 1].against(finished["digits", "dense", 1])
    assert difference
    cells_of_matrix = {("padding: none", "digits"): None, ("padding: zeros", "digits"): difference}
    words = drawn(matrix_plot(["padding: none", "padding: zeros"], ["digits"], cells_of_matrix))
    assert f"{100 * difference.value:+.1f}" in words
    assert "the domain's own" in words
