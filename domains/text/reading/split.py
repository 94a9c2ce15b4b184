"""Which sentences train, validate and test: by their words alone, so that no copy lies on two sides."""

from collections.abc import Sequence

import numpy as np

from shared.errors import UserError
from shared.files import identity

TRAIN, VAL, TEST = range(3)


def identities(texts: Sequence[str]) -> np.ndarray:
    """uint64 (N,): the same for texts that differ in spaces and capitals at most."""
    return np.array([identity(" ".join(text.casefold().split()).encode()) for text in texts], np.uint64)


def copies(identity: np.ndarray, sides: np.ndarray, side: int) -> np.ndarray:
    """Which sentences (N,) of the sides before ``side``, in the order train, val, test, stand there too."""
    return (sides >= 0) & (sides < side) & np.isin(identity, identity[sides == side])


def split_by_share(identity: np.ndarray, val: float, test: float) -> np.ndarray:
    """The side (N,) of each sentence: it stays where it is when others are added.

    Raises:
        UserError: the shares are negative, or more than all.
    """
    if min(val, test) < 0 or val + test > 1:
        raise UserError(
            f"data.fractions: val {val} and test {test}: give shares from 0 to 1, together at most 1"
        )
    place = identity / 2.0**64
    return np.where(place < test, TEST, np.where(place < test + val, VAL, TRAIN))


def split_by_fold(identity: np.ndarray, labels: np.ndarray, folds: int, fold: int, val: float) -> np.ndarray:
    """The side (N,) of each sentence in fold ``fold`` of ``folds`` equal ones, alike in classes.

    Of the other folds a share ``val`` validates. Which sentence is in which fold depends on the sentences
    alone, not on their order, nor on a seed.

    Raises:
        UserError: there is no such fold.
    """
    if folds < 2 or not 0 <= fold < folds:
        raise UserError(f"data.fold={fold} of data.folds={folds}: give two folds at least, counted from 0")
    unique, first, where = np.unique(identity, return_index=True, return_inverse=True)
    label = labels[first]
    of = np.empty(len(unique), np.int64)
    for each in np.unique(label):
        members = np.flatnonzero(
            label == each
        )  # in the order of their identities, which is as good as random
        of[members] = np.arange(len(members)) % folds
    # The order within a fold's class decides the fold; other bits of the identity choose what validates.
    rest = split_by_share(unique * np.uint64(0x9E3779B97F4A7C15), val, 0)
    return np.where(of == fold, TEST, rest)[where]
