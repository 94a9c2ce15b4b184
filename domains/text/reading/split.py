"""Splits of sentences: by their words alone, so that no copy is in two splits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domains.text.reading.sentences import Sentences
from shared.errors import UserError, require_int
from shared.files import Inventory, identity, official_splits, split_by_hash
from shared.training import Fractions, check_fractions


@dataclass(frozen=True, kw_only=True)
class Splitter:
    """Assigns sentences to splits.

    Official splits are kept. The others depend on the sentences alone, not on their order or a seed, so that
    a sentence stays in its split when others are added.

    Attributes:
        fractions: shares ``val`` and ``test`` of the sentences.
        folds: None, or the number of equal parts, alike in classes, of which one is the test set; a share
            ``val`` of the others validates.
        fold: index of the part that is the test set.

    Raises:
        UserError: shares or folds that no data can fit.
    """

    fractions: Fractions
    folds: int | None
    fold: int

    def __post_init__(self) -> None:
        check_fractions(self.fractions)
        if self.folds:
            require_int("data.folds", self.folds, 2)
            require_int("data.fold", self.fold, 0, self.folds - 1)

    def split(self, sentences: Sentences) -> tuple[np.ndarray, Inventory]:
        """Assign sentences; copies of validation and test sentences are excluded from the splits before.

        Returns:
            (N,) ``train``, ``val``, ``test``, or "" for excluded ones; and the excluded sentences.

        Raises:
            UserError: an official split that leaves files out, or folds beside official sets.
        """
        official = official_splits(sentences.split, lambda item: sentences.place(item)[0])
        if self.folds and official & {"val", "test"}:
            raise UserError(
                f"data.folds: must be null beside official sets ({', '.join(sorted(official))}), got "
                f"{self.folds}"
            )
        keys = identities(sentences.texts)
        if self.folds:
            splits = by_fold(keys, np.array(sentences.labels), self.folds, self.fold, self.fractions["val"])
        else:
            shares = {name: 0 if name in official else self.fractions[name] for name in ("val", "test")}
            splits = split_by_hash(keys, **shares)
            for name in ("val", "test"):
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


def identities(texts: Sequence[str]) -> np.ndarray:
    """uint64 (N,): equal for texts that differ at most in spaces and capitals."""
    return np.array([identity(" ".join(text.casefold().split()).encode()) for text in texts], np.uint64)


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
