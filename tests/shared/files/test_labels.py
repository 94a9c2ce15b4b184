"""Guessed labels that are hardly classes are refused before anything is trained."""

import pytest

from shared.errors import UserError
from shared.files.labels import check_classes, class_name


def test_names_are_composed_and_without_spaces_around_them() -> None:
    assert class_name(" cafe\u0301\t") == "caf\u00e9"


def test_one_class_is_nothing_to_tell_apart() -> None:
    with pytest.raises(UserError, match="x: must have at least two classes, got one, 'a'; sort them"):
        check_classes(["a"] * 9, "x", "sort them")


def test_classes_pass() -> None:
    assert check_classes(["a", "b"] * 20, "x", "hint") == []
    assert check_classes(["a", "b", "c"], "x", "hint") == []  # too few to say


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([f"word{i}" for i in range(30)] + ["the"] * 9, r"my\.txt: 31 classes for 39 examples, 30 of them"),
        (["good;1", "bad;2"] * 20, "'bad;2', which looks like several columns; give columns"),
        (["good\t1", "bad\t2"] * 20, "several columns"),
    ],
)
def test_labels_that_are_hardly_classes_are_refused(labels: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_classes(labels, "my.txt", "give columns")


def test_classes_named_like_splits_or_documents_and_single_examples_are_remarked() -> None:
    remarks = check_classes(["cat", "dog", "Train", "README.txt"] * 10 + ["ox"], "x", "sort them")
    assert [remark.split(": ")[0] for remark in remarks] == [
        "class 'README.txt' is named like a document",
        "class 'Train' is named like a split",
        "1 of 5 classes have a single example",
    ]
