"""Splits: by the sentences alone, and no copy on two sides."""

import numpy as np
import pytest

from domains.text.reading.split import TEST, TRAIN, VAL, identities, split_by_fold, split_by_share
from shared.errors import UserError

TEXTS = [f"sentence number {n}" for n in range(2000)]


def test_shares_are_kept_and_no_sentence_moves_when_others_are_added() -> None:
    sides = split_by_share(identities(TEXTS), 0.1, 0.2)
    assert np.bincount(sides) / 2000 == pytest.approx([0.7, 0.1, 0.2], abs=0.03)
    assert (split_by_share(identities(TEXTS[500:]), 0.1, 0.2) == sides[500:]).all()


def test_copies_but_for_spaces_and_capitals_lie_on_one_side() -> None:
    copies = identities([text.upper().replace(" ", "  ") for text in TEXTS])
    assert (copies == identities(TEXTS)).all()
    assert len(np.unique(copies)) == 2000


def test_every_sentence_tests_in_one_fold_and_classes_are_alike() -> None:
    identity, labels = identities([*TEXTS, *TEXTS[:7]]), np.array(["a"] * 500 + ["b"] * 1500 + ["a"] * 7)
    sides = np.stack([split_by_fold(identity, labels, 10, fold, 0.1) for fold in range(10)])
    assert ((sides == TEST).sum(0) == 1).all()
    assert (sides[:, :7] == sides[:, 2000:]).all()
    for side in sides:
        assert [(labels[:2000][side[:2000] == TEST] == name).sum() for name in "ab"] == [50, 150]
        assert (side[:2000] == VAL).sum() == pytest.approx(180, abs=45)


def test_folds_do_not_depend_on_the_order_of_the_sentences() -> None:
    identity, labels = identities(TEXTS), np.array(list("ab") * 1000)
    order = np.random.default_rng(0).permutation(2000)
    sides = split_by_fold(identity, labels, 5, 2, 0.1)
    assert (split_by_fold(identity[order], labels[order], 5, 2, 0.1) == sides[order]).all()
    assert {int(each) for each in sides} == {TRAIN, VAL, TEST}


def test_no_such_fold_or_share() -> None:
    identity = identities(TEXTS)
    with pytest.raises(UserError, match=r"data.fold=10 of data.folds=10: .* counted from 0"):
        split_by_fold(identity, np.zeros(2000), 10, 10, 0.1)
    with pytest.raises(UserError, match=r"data\.fractions: val 0.6 and test 0.5"):
        split_by_share(identity, 0.6, 0.5)
