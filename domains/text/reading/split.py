"""Splits of sentences: by their words alone, so that no copy is in two splits."""

from collections.abc import Iterable

import numpy as np

from domains.text.reading.sentences import Sentences
from shared.errors import UserError
from shared.files import Inventory, identities, listed, official_splits, split_by_hash
from shared.training import Fractions


def split_sentences(
    sentences: Sentences, fractions: Fractions, folds: int | None, fold: int
) -> tuple[np.ndarray, Inventory]:
    """Assign sentences to splits.

    Official splits are kept; a ``UserError`` refuses those that leave files out, and folds beside them. The
    others depend on the sentences alone, not on their order or a seed, so that a sentence stays in its split
    when others are added. Copies of validation and test sentences are excluded from the splits before.

    Args:
        sentences: N sentences.
        fractions: shares of the sentences; beside folds, ``val`` of those that are not tested.
        folds: None, or the number of equal parts, alike in classes.
        fold: index of the part that is the test set.

    Returns:
        (N,) ``train``, ``val``, ``test``, or "" for excluded ones; and the excluded sentences.
    """
    official = official_splits(sentences.split, lambda item: sentences.place(item)[0])
    keys = word_identities(sentences.texts)
    if folds:
        if official & {"val", "test"}:
            sets = listed(sorted(official))
            raise UserError(f"data.folds: must be null beside official sets ({sets}), got {folds}")
        splits = by_fold(keys, np.array(sentences.labels), folds, fold, fractions["val"])
    else:
        val, test = (0.0 if name in official else fractions[name] for name in ("val", "test"))
        splits = split_by_hash(keys, val=val, test=test)
        for name in official - {"train"}:
            splits[sentences.split == name] = name
    excluded = Inventory()
    for name, before, reason in (
        ("val", ["train"], "also in the validation set"),
        ("test", ["train", "val"], "also in the test set"),
    ):
        copies = np.isin(splits, before) & np.isin(keys, keys[splits == name])
        for item in np.flatnonzero(copies).tolist():
            excluded.skip(sentences.where(item), reason)
        splits[copies] = ""
    return splits, excluded


def word_identities(texts: Iterable[str]) -> np.ndarray:
    """uint64 (N,): equal for texts that differ at most in spaces and capitals."""
    return identities(" ".join(text.casefold().split()).encode() for text in texts)


def by_fold(keys: np.ndarray, labels: np.ndarray, folds: int, fold: int, val: float) -> np.ndarray:
    """The split (N,) of each sentence in one of several equal folds, alike in classes."""
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    label = labels[first]
    fold_of = np.empty(len(unique), np.int64)
    for name in np.unique(label):
        members = np.flatnonzero(label == name)  # sorted by identity, which is as good as random
        fold_of[members] = np.arange(len(members)) % folds
    # Within a class the order of identities decides the fold; multiplied by an odd number, their bits mix
    # to choose validation sentences independently of it.
    rest = split_by_hash(unique * np.uint64(0x9E3779B97F4A7C15), val=val, test=0)
    return np.where(fold_of == fold, "test", rest)[inverse]
