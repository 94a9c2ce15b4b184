"""The files of a test: classes, confusion, calibration, all predictions."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from shared.files import plain_cell
from shared.results.by_class import confusion, scores_by_class
from shared.results.report import DRAWN, write_report
from tests.shared.results.test_calibration import columns

ODD = ["a, b", 'say "x"', "[bold]m[/]", "=1+1", "$\\frac{1}$", "日本", "x" * 300, "/n"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_confusion_counts_every_item() -> None:
    tested = columns(classes=3)
    counts = confusion(tested, 3)
    for true in range(3):
        for answer in range(3):
            cell = ((tested["label"] == true) & (tested["answer"] == answer)).sum()
            assert counts[true, answer] == cell


def test_recall_and_precision_are_those_of_scikit_learn() -> None:
    tested = columns(700, 5)
    scores = scores_by_class(tested, list("abcde"))
    label, answer = tested["label"], tested["answer"]
    assert [one.recall.value for one in scores] == pytest.approx(recall_score(label, answer, average=None))
    expected = precision_score(label, answer, average=None)
    assert [one.precision.value for one in scores] == pytest.approx(expected)
    assert [one.recall.n for one in scores] == np.bincount(label).tolist()
    assert [one.precision.n for one in scores] == np.bincount(answer).tolist()
    assert all(one.recall.low < one.recall.value < one.recall.high for one in scores)


@pytest.mark.parametrize("classes", [4, DRAWN + 1, 361])
def test_the_report_is_written_to_its_folder(tmp_path: Path, classes: int) -> None:
    tested = columns(300, classes) | {"group": np.arange(300) // 9, "item": np.arange(300)}
    names = [f"class {i}, so" for i in range(classes)]
    write_report(tmp_path, tested, scores_by_class(tested, names), "a test")
    with (tmp_path / "confusion.csv").open() as file:
        head, *body = csv.reader(file)
    assert head == ["true class", *names]
    assert np.array_equal(np.array([row[1:] for row in body], int), confusion(tested, classes))
    by_class = rows(tmp_path / "per_class.csv")
    assert [row["class"] for row in by_class] == names
    assert sum(int(row["n"]) for row in by_class) == sum(int(row["predicted"]) for row in by_class) == 300
    by_group = rows(tmp_path / "per_group.csv")
    sizes, shares = (np.array([float(row[key]) for row in by_group]) for key in ("n", "accuracy"))
    assert len(by_group) == len(np.unique(tested["group"]))
    assert (sizes * shares).sum() == pytest.approx((tested["label"] == tested["answer"]).sum())
    assert np.all(np.diff(shares) >= 0)
    bins = rows(tmp_path / "calibration.csv")
    assert sum(int(row["n"]) for row in bins) == 300
    assert all(float(row["accuracy_low"]) <= float(row["accuracy"]) for row in bins)
    assert (tmp_path / "calibration.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "confusion.png").exists() == (classes <= DRAWN)
    kept = np.load(tmp_path / "test_items.npz")
    assert {name: kept[name].tolist() for name in kept} == {name: c.tolist() for name, c in tested.items()}


def test_odd_names_and_classes_without_items_are_written_as_they_are(tmp_path: Path) -> None:
    tested = columns(30, 2)  # of the other classes no item is in the test
    write_report(tmp_path, tested, scores_by_class(tested, ODD), "$a$ test")
    by_class = rows(tmp_path / "per_class.csv")
    assert [plain_cell(row["class"]) for row in by_class] == ODD
    assert by_class[3]["class"].startswith("'=")  # no formula
    assert [by_class[5][key] for key in ("n", "recall", "recall_low", "precision")] == ["0", "", "", ""]
    assert (tmp_path / "confusion.png").is_file()
