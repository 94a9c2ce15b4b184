"""Images in memory, with their classes and splits."""

from typing import NamedTuple

import numpy as np

from shared.files import Inventory


class Images(NamedTuple):
    """N images.

    Attributes:
        x: uint8 (N, channels, height, width).
        y: int64 (N,), numbers of classes.
        split: "<U5" (N,), official: ``train``, ``val``, ``test``, or empty.
        name: (N,), of the files; empty without files.
        classes: names.
        seen: the files, used or skipped.
        notes: remarks on folders and classes, for the summary.
    """

    x: np.ndarray
    y: np.ndarray
    split: np.ndarray
    name: np.ndarray
    classes: list[str]
    seen: Inventory
    notes: list[str]
