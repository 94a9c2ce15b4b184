"""What is read of finished trainings, and the table of all of them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from shared.compare.entry import Entry
from shared.compare.results import results, write_csv
from tests.shared.compare.comparisons import entries_of, plan_of


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
