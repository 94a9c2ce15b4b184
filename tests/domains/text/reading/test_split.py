"""Splits by the sentences alone, with no copy in two splits."""

import numpy as np
import pytest

from domains.text.reading.split import by_fold, word_identities
from shared.files.content_hash import split_by_hash

TEXTS = [f"sentence number {n}" for n in range(2000)]


def test_shares_are_kept_and_no_sentence_moves_when_others_are_added() -> None:
    splits = split_by_hash(word_identities(TEXTS), val=0.1, test=0.2)
    shares = [(splits == name).mean() for name in ("train", "val", "test")]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.03)
    assert (split_by_hash(word_identities(TEXTS[500:]), val=0.1, test=0.2) == splits[500:]).all()


def test_copies_up_to_spaces_and_capitals_are_in_one_split() -> None:
    copies = word_identities([text.upper().replace(" ", "  ") for text in TEXTS])
    assert (copies == word_identities(TEXTS)).all()
    assert len(np.unique(copies)) == 2000


def test_each_sentence_is_tested_in_one_fold_and_folds_are_alike_in_classes() -> None:
    keys, labels = word_identities([*TEXTS, *TEXTS[:7]]), np.array(["a"] * 500 + ["b"] * 1500 + ["a"] * 7)
    folds = np.stack([by_fold(keys, labels, 10, fold, 0.1) for fold in range(10)])
    assert ((folds == "test").sum(0) == 1).all()
    assert (folds[:, :7] == folds[:, 2000:]).all()
    for splits in folds[:, :2000]:
        assert [(labels[:2000][splits == "test"] == name).sum() for name in "ab"] == [50, 150]
        assert (splits == "val").sum() == pytest.approx(180, abs=45)


def test_folds_do_not_depend_on_the_order_of_the_sentences() -> None:
    keys, labels = word_identities(TEXTS), np.array(list("ab") * 1000)
    order = np.random.default_rng(0).permutation(2000)
    splits = by_fold(keys, labels, 5, 2, 0.1)
    assert (by_fold(keys[order], labels[order], 5, 2, 0.1) == splits[order]).all()
    assert {*splits.tolist()} == {"train", "val", "test"}
