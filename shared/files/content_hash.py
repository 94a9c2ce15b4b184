"""An item's split follows from its content, not from its place."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def identity(content: bytes) -> int:
    """64 pseudorandom bits that depend on the content alone, so that copies of an item have the same."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def identities(contents: Iterable[bytes]) -> NDArray[np.uint64]:
    """The identity (N,) of each item."""
    return np.fromiter(map(identity, contents), np.uint64)


def split_by_hash(keys: NDArray[np.uint64], *, val: int | float, test: int | float) -> np.ndarray:
    """The split (N,) of each item, ``train``, ``val`` or ``test``: it stays when other items are added.

    Args:
        keys: (N,), as ``identity``.
        val: share of the validation items, 0 … 1.
        test: share of the test items.
    """
    place = keys / 2.0**64
    return np.where(place < test, "test", np.where(place < test + val, "val", "train")).astype("<U5")
