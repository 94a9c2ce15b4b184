"""Splits of images: by their pixels, so that no copy is in two splits."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from domains.image.reading import Images
from shared.files import identities, official_splits, split_by_hash
from shared.training import Fractions

# The splits that are cut unless they are official.
HASHED: tuple[Literal["test"], Literal["val"]] = ("test", "val")


def split_images(images: Images, first: int | None, fractions: Fractions) -> tuple[np.ndarray, list[str]]:
    """The split (N,) of images, ``train``, ``val``, ``test``, or "" if unused; and remarks for the summary.

    Official splits are kept; a ``UserError`` refuses those that leave images out. The others depend on the
    images alone, so that an image stays in its split when others are added. With ``first``, N training images
    are used; validation images are cut from the rest.
    """
    official = official_splits(images.split, lambda item: images.name[item])
    cut = [name for name in HASHED if name not in official]
    keys = identities(pixels.tobytes() for pixels in images.x)
    shares = {name: fractions[name] if name in cut else 0.0 for name in HASHED}
    drawn = split_by_hash(keys, **shares)
    split = images.split.astype("<U5")
    split[split == ""] = "train"
    split[drawn == "test"] = "test"
    train = np.flatnonzero(split == "train")
    rest = train[first:] if first else train[:0]
    source = rest if len(rest) else train
    split[source[drawn[source] == "val"]] = "val"
    split[rest[split[rest] == "train"]] = ""
    if first or fractions["test"] == 1:
        return split, []
    moved = _fill(split, images.y, keys, [name for name in cut if fractions[name]])
    return split, [f"few images: {moved:,} moved so that no split is empty"] * bool(moved)


def _fill(split: np.ndarray, y: np.ndarray, keys: np.ndarray, cut: Sequence[str]) -> int:
    """Of very few images, move one of each class to train, and one to each empty split that is cut."""
    moved = 0
    for number in {*y[np.isin(split, cut)]} - {*y[split == "train"]}:
        back = np.flatnonzero((y == number) & np.isin(split, cut))
        split[back[keys[back].argmax()]] = "train"
        moved += 1
    for name in cut:
        if (split == name).any():
            continue
        of_class = np.bincount(y[split == "train"], minlength=y.max() + 1)
        spare = np.flatnonzero((split == "train") & (of_class[y] > 1))
        if not len(spare):
            spare = np.flatnonzero(np.isin(split, cut))[1:]  # leave one
        if len(spare):
            split[spare[keys[spare].argmin()]] = name
            moved += 1
    return moved
