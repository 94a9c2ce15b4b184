"""Guessed labels that are hardly classes are refused before anything is trained."""

from contextlib import nullcontext

import numpy as np
import pytest

from shared.errors import UserError
from shared.files.labels import check_classes, check_trained, class_name, known_classes


def test_names_are_composed_and_without_spaces_around_them() -> None:
    assert class_name(" cafe\u0301\t") == "caf\u00e9"


def test_one_class_is_nothing_to_tell_apart() -> None:
    with pytest.raises(
        UserError, match="x: must have at least two classes, got 9 examples of one, 'a'; sort them"
    ):
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


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (
            ["test", "test", "train", "train"],
            "must have training examples of at least two classes, got b;",
        ),
        (["train", "test", "train", ""], None),
        (["train", "", "val", "test"], "must have training examples of at least two classes, got a;"),
    ],
)
def test_a_split_leaves_two_classes_to_train_on(splits: list[str], message: str | None) -> None:
    with pytest.raises(UserError, match=message) if message else nullcontext():
        check_trained(np.array(["a", "a", "b", "b"]), np.array(splits), "x")


def test_a_class_without_training_examples_is_named() -> None:
    with pytest.raises(UserError, match="x: must have training examples of each class, got 'c' in val alone"):
        check_trained(np.array(["a", "b", "c"]), np.array(["train", "train", "val"]), "x")
    check_trained(np.array(["a", "b", "c"]), np.array(["train", "train", ""]), "x")


def test_labels_have_the_numbers_of_a_trained_network_s_classes() -> None:
    numbers, remarks = known_classes(["b", "cafe\u0301"], ["a", "b", "caf\u00e9"], "x", "rename it")
    assert numbers.tolist() == [1, 2]
    assert remarks == ["classes of the run without examples: a"]
    with pytest.raises(UserError, match=r"x: must have classes of the run \(a\), got b as well; rename it"):
        known_classes(["a", "b"], ["a"], "x", "rename it")
