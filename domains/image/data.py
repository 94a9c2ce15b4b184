"""Images as batches: decoded once, kept as bytes, augmented on the device."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domains.image import augment as changes
from domains.image.preprocessing import ImagePreprocessing
from domains.image.reading import HINT, SOURCES, Images
from domains.image.splitter import Splitter, identities
from shared.errors import UserError, require_choice, require_int
from shared.files import check_classes, number_classes
from shared.training import DataModule, Draw, Fractions

NAMED = 10  # classes in an error or remark


class ImageDataset:
    """Images. A batch holds ``x`` uint8 (N, channels, size, size), ``y`` and ``item``."""

    def __init__(self, images: Images, chosen: np.ndarray):
        self.x, self.y, self.name = images.x[chosen], images.y[chosen], images.name[chosen]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def held(self) -> np.ndarray:
        """By the pixels alone."""
        return identities(self.x)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        return {"x": self.x[draw.items], "y": self.y[draw.items], "item": draw.items}


class ImageData(DataModule):
    """Images of a folder, an archive or a known dataset; for the keys see ``conf/data/image/folder.yaml``."""

    preprocessing: ImagePreprocessing
    train_set: ImageDataset
    val_set: ImageDataset
    test_set: ImageDataset

    def __init__(
        self,
        *,
        source: str,
        path: str | None,
        size: int,
        channels: int,
        first: int | None,
        fractions: Fractions,
        strict: bool,
        augment: changes.Changes,
        test_views: int = 1,
        workers: int = 0,
        **loading: Any,
    ):
        super().__init__(workers=workers, **loading)
        require_choice("data.source", source, SOURCES)
        require_choice("data.channels", channels, (1, 3))
        require_choice("data.test_views", test_views, (1, 2, 6))
        require_int("data.size", size, 1)
        if first is not None:
            require_int("data.first", first, 1)
        changes.check(augment, size)
        self.planes, self.extent, self.views = channels, (size, size), test_views
        self.source, self.path = source, Path(path) if path else None
        self.strict, self.augment = strict, augment
        self.splitter = Splitter(first=first, fractions=fractions)

    def setup(self, stage: str | None = None) -> None:
        """Read and split the images.

        Raises:
            UserError: no usable images, images of one class only, or a class without training images.
        """
        if hasattr(self, "train_set"):
            return
        images = SOURCES[self.source](self.path, self.extent[0] or 1, self.planes)
        images.seen.refuse(self.strict)
        if self.fitted:
            images = self._as_known(images)
        elif self.source == "folder":
            labels = np.array(images.classes)[images.y]
            images.notes.extend(check_classes(labels, str(self.path), HINT))
        self.classes = images.classes
        split, remarks = self.splitter.split(images)
        if not self.fitted:
            self._check(images, split)
        self.train_set, self.val_set, self.test_set = (
            ImageDataset(images, np.flatnonzero(split == name)) for name in ("train", "val", "test")
        )
        if not self.fitted:
            self.preprocessing = ImagePreprocessing(*_moments(self.train_set.x), self.augment)
        self.summary = "\n".join([*self._sizes(images), *images.notes, *remarks, *images.seen.summary()])

    def _as_known(self, images: Images) -> Images:
        """The images with the class numbers of the trained network."""
        numbers = number_classes(images.classes, self.classes)
        present = np.unique(images.y)
        strange = [images.classes[i] for i in present if numbers[i] < 0]
        if strange:
            raise UserError(
                f"{self.path or self.source}: must have classes of the run ({_listed(self.classes)}), "
                f"got {_listed(strange)} as well; rename or remove such folders"
            )
        missing = [name for n, name in enumerate(self.classes) if n not in numbers[present]]
        if missing:
            images.notes.append(f"classes of the run without images: {_listed(missing)}")
        return images._replace(y=numbers[images.y], classes=self.classes)

    def _check(self, images: Images, split: np.ndarray) -> None:
        known, where = set(images.y[split == "train"]), self.path or self.source
        if len(known) < 2:
            names = ", ".join(images.classes[i] for i in sorted(known)) or "none"
            raise UserError(f"{where}: must have training images of at least two classes, got {names}")
        for name in ("val", "test"):
            strange = sorted(set(images.y[split == name]) - known)
            if strange:
                raise UserError(
                    f"{where}: {name} has images of {images.classes[strange[0]]!r}, and train has none; "
                    "add some, or remove the class"
                )

    def _sizes(self, images: Images) -> list[str]:
        sets = {"train": self.train_set, "val": self.val_set, "test": self.test_set}
        counts = ", ".join(f"{len(dataset):,} {name}" for name, dataset in sets.items())
        size = f"{self.planes}×{self.extent[0]}×{self.extent[1]}"
        lines = [f"images: {counts}, of {size} and {len(images.classes)} classes"]
        if self.fitted:
            lines.append(f"tested: {len(self.test_set):,} of {len(images.y):,} images")
            if len(self.test_set) < len(images.y) and not images.split.any():
                lines[-1] += "; data.fractions.test=1 tests all"
        return lines


def _moments(x: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel; the deviation of a constant channel is set to 1."""
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in x.swapaxes(0, 1)])
    levels, total = np.arange(256), counts.sum(1)
    mean = counts @ levels / total
    std = np.sqrt(counts @ levels**2 / total - mean**2)
    return mean.tolist(), np.where(std > 0, std, 1.0).tolist()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f", … {len(names):,} in all" if len(names) > NAMED else "")
