"""Split and class by folders."""

import pytest

from shared.files.layout import layout_of

CASES = {
    "classes alone": (["cat/a", "dog/b"], ["", ""], ["cat", "dog"]),
    "in one folder": (["d/cat/a", "d/dog/b"], ["", ""], ["cat", "dog"]),
    "one class": (["d/cat/a", "d/cat/b"], ["", ""], ["cat", "cat"]),
    "splits above": (
        ["train/cat/a", "test/cat/b", "train/dog/c"],
        ["train", "test", "train"],
        ["cat", "cat", "dog"],
    ),
    "in other words": (
        ["Training/cat/a", "TESTING/cat/b", "dev/dog/c"],
        ["train", "test", "val"],
        ["cat", "cat", "dog"],
    ),
    "splits below": (
        ["cat/train/a", "dog/train/b", "cat/valid/c"],
        ["train", "train", "val"],
        ["cat", "dog", "cat"],
    ),
    "splits in one folder": (["d/train/cat/a", "d/test/dog/b"], ["train", "test"], ["cat", "dog"]),
    "a class named train": (["car/a", "train/b", "bus/c"], ["", "", ""], ["car", "train", "bus"]),
    "a class named train in splits": (
        ["train/train/a", "train/car/b", "test/train/c"],
        ["train", "train", "test"],
        ["train", "car", "train"],
    ),
    "a test set beside its classes": (
        ["cat/a", "dog/b", "test/cat/c"],
        ["", "", "test"],
        ["cat", "dog", "cat"],
    ),
    "a folder beside the splits": (
        ["train/cat/a", "test/cat/b", "odd/cat/c"],
        ["train", "test", ""],
        ["cat"] * 3,
    ),
    "no class's folder": (["train/a", "test/b"], ["train", "test"], ["", ""]),
    "no folder": (["a", "b"], ["", ""], ["", ""]),
    "the same folder below each class": (["cat/images/a", "dog/images/b"], ["", ""], ["cat", "dog"]),
    "composed and decomposed": (
        ["caf\u00e9/a", "cafe\u0301/b", "the/c"],
        ["", "", ""],
        ["caf\u00e9"] * 2 + ["the"],
    ),
}


@pytest.mark.parametrize(("names", "splits", "labels"), CASES.values(), ids=CASES.keys())
def test_folders_give_split_and_class(names: list[str], splits: list[str], labels: list[str]) -> None:
    placed = layout_of(names)
    assert placed.split.tolist() == splits
    assert placed.label.tolist() == labels


def test_folders_taken_as_splits_and_ignored_ones_are_noted() -> None:
    [splits] = layout_of(["Training/cat/a", "test/dog/b"]).notes
    assert "Training/ is train" in splits
    assert "test/ is test" in splits
    [ignored] = layout_of(["site1/cat/a", "site2/cat/b", "site1/dog/c"]).notes
    assert "site1/, site2/" in ignored
    assert layout_of(["cat/a", "dog/b"]).notes == []
