"""An item's split follows from what it holds, not from where it stands."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def identity(content: bytes) -> int:
    """64 bits, the same for the same content: as good as random, and no copy of an item gets others."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def split_by_hash(keys: NDArray[np.uint64], *, val: int | float, test: int | float) -> np.ndarray:
    """The split (N,) of each item, ``train``, ``val`` or ``test``: it stays when other items are added.

    Args:
        keys: (N,), as ``identity``.
        val: share of the validation items, 0 … 1.
        test: share of the test items.
    """
    place = keys / 2.0**64
    return np.where(place < test, "test", np.where(place < test + val, "val", "train")).astype("<U5")
