"""Splits of images: by their pixels, so that no copy is in two splits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from domains.image.reading import Images
from shared.errors import UserError, require_number
from shared.files import identity, split_by_hash
from shared.training import Fractions

# The splits that are cut unless they are official.
HASHED: tuple[Literal["test"], Literal["val"]] = ("test", "val")


def identities(x: np.ndarray) -> np.ndarray:
    """uint64 (N,): equal for images with the same pixels."""
    return np.array([identity(pixels.tobytes()) for pixels in x], np.uint64)


@dataclass(frozen=True, kw_only=True)
class Splitter:
    """Assigns images to splits.

    Official splits are kept. The others depend on the images alone, so that an image stays in its split when
    others are added.

    Attributes:
        first: None, or the number of training images that are used; validation images are cut from the rest.
        fractions: shares ``val`` and ``test`` of the images.

    Raises:
        UserError: a share outside 0 to 1.
    """

    first: int | None
    fractions: Fractions

    def __post_init__(self) -> None:
        for name in HASHED:
            require_number(f"data.fractions.{name}", self.fractions[name], 0, 1)

    def split(self, images: Images) -> tuple[np.ndarray, list[str]]:
        """Assign images.

        Returns:
            (N,) ``train``, ``val``, ``test``, or "" for unused images; and remarks for the summary.

        Raises:
            UserError: an official split that leaves images out.
        """
        split = images.split.astype("<U5")
        official = {*split.tolist()} - {""}
        if official and "" in split:
            stray = images.name[split == ""][0]
            raise UserError(
                f"{stray}: must be in one of {', '.join(sorted(official))}, like the others; move it"
            )
        keys = identities(images.x)
        shares = {name: 0.0 if name in official else self.fractions[name] for name in HASHED}
        drawn = split_by_hash(keys, **shares)
        split[split == ""] = "train"
        split[drawn == "test"] = "test"
        train = np.flatnonzero(split == "train")
        rest = train[self.first :] if self.first else train[:0]
        source = rest if len(rest) else train
        split[source[drawn[source] == "val"]] = "val"
        split[rest[split[rest] == "train"]] = ""
        cut = [name for name in HASHED if name not in official]
        if self.first or self.fractions["test"] == 1:
            return split, []
        moved = self._fill(images, split, keys, cut)
        return split, [f"few images: {moved:,} moved so that no split is empty"] * bool(moved)

    def _fill(
        self, images: Images, split: np.ndarray, keys: np.ndarray, cut: Sequence[Literal["test", "val"]]
    ) -> int:
        """Of very few images, move one of each class to train, one to each empty split that was cut."""
        moved = 0
        for number in set(images.y[np.isin(split, cut)]) - set(images.y[split == "train"]):
            back = np.flatnonzero((images.y == number) & np.isin(split, cut))
            split[back[keys[back].argmax()]] = "train"
            moved += 1
        for name in cut:
            if not self.fractions[name] or (split == name).any():
                continue
            of_class = np.bincount(images.y[split == "train"], minlength=len(images.classes))
            spare = np.flatnonzero((split == "train") & (of_class[images.y] > 1))
            if not len(spare):
                spare = np.flatnonzero(np.isin(split, cut))[1:]  # leave one
            if len(spare):
                split[spare[keys[spare].argmin()]] = name
                moved += 1
        return moved
