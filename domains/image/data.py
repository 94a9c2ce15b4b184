"""Images as batches: decoded once, kept as bytes, augmented on the device."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from domains.image.augment import Changes, check
from domains.image.reading import HINT, SOURCES, Images
from domains.image.splitter import split_images
from shared.errors import UserError, require_choice, require_int, require_number
from shared.files import check_classes, check_trained, identities, known_classes
from shared.training import DataModule, Draw, Fractions, Preprocessing


@dataclass(frozen=True)
class ImagePreprocessing(Preprocessing):
    """Mean and standard deviation of each channel over the training images, their augmentation, their fit."""

    mean: list[float]
    std: list[float]
    augment: Changes
    fit: Literal["square", "ink"] = "square"  # older runs lack it

    def suited_to(self, source: "ImagePreprocessing") -> "ImagePreprocessing":
        """With the source's mean and deviation, if its images have as many channels."""
        same = len(source.mean) == len(self.mean)
        return replace(self, mean=source.mean, std=source.std) if same else self


class ImageDataset:
    """Images. A batch holds ``x`` uint8 (N, channels, size, size), ``y`` and ``item``."""

    def __init__(self, images: Images, chosen: np.ndarray):
        self.x, self.y, self.name = images.x[chosen], images.y[chosen], images.name[chosen]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def held(self) -> np.ndarray:
        """By the pixels alone."""
        return identities(pixels.tobytes() for pixels in self.x)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        return {"x": self.x[draw.items], "y": self.y[draw.items], "item": draw.items}


class ImageData(DataModule):
    """Images of a folder, an archive or a known dataset; for the keys see ``conf/data/image/folder.yaml``."""

    remedy = (
        "a start from init=image/objects or init=image/digits, more epochs (trainer.max_epochs=20), "
        "data.augment, more images"
    )
    preprocessing: ImagePreprocessing
    train_set: ImageDataset
    val_set: ImageDataset
    test_set: ImageDataset

    def __init__(
        self,
        *,
        source: str | list[str],
        path: str | None,
        size: int,
        channels: int,
        first: int | None,
        fractions: Fractions,
        strict: bool,
        augment: Changes,
        fit: Literal["square", "ink"] = "square",
        test_views: int = 1,
        workers: int = 0,
        **loading: Any,
    ):
        super().__init__(workers=workers, **loading)
        sources = [source] if isinstance(source, str) else list(source)
        for dataset in sources or [""]:
            require_choice("data.source", dataset, SOURCES)
        if "folder" in sources[1:]:
            raise UserError(f"data.source: must name known datasets after the first, got {sources}")
        require_choice("data.channels", channels, (1, 3))
        if fit == "ink" and channels != 1:
            raise UserError(f"data.channels: must be 1 beside data.fit=ink, got {channels}")
        require_choice("data.test_views", test_views, (1, 2, 6))
        require_int("data.size", size, 1)
        if first is not None:
            require_int("data.first", first, 1)
        for name in ("val", "test"):
            require_number(f"data.fractions.{name}", fractions[name], 0, 1)
        check(augment, size)
        self.planes, self.extent, self.views = channels, (size, size), test_views
        self.source, self.path, self.size = sources[0], Path(path) if path else None, size
        self.more, self.fit = sources[1:], fit
        self.first, self.fractions, self.strict, self.augment = first, fractions, strict, augment

    def setup(self, stage: str | None = None) -> None:
        """Read and split the images; a ``UserError`` says why that is impossible."""
        if hasattr(self, "train_set"):
            return
        if self.fitted:
            self.fit = self.preprocessing.fit
        images = SOURCES[self.source](self.path, self.size, self.planes, self.fit)
        place, notes = str(self.path or self.source), images.notes
        images.seen.refuse(self.strict)
        if self.fitted:
            hint = "rename or remove such folders"
            numbers, remarks = known_classes(images.classes, self.classes, place, hint)
            images = images._replace(y=numbers[images.y], classes=self.classes)
            notes += remarks
        if self.source == "folder" and not self.fitted:
            notes += check_classes(np.array(images.classes)[images.y], place, HINT)
        self.classes = images.classes
        split, remarks = split_images(images, self.first, self.fractions)
        for name in self.more:
            before = len(split)
            images, split = self._extra(name, images, split)
            remarks.append(f"trained on as well: {len(split) - before:,} images of {name}")
        self.train_set, self.val_set, self.test_set = (
            ImageDataset(images, np.flatnonzero(split == name)) for name in ("train", "val", "test")
        )
        size = f"{self.planes}×{self.size}×{self.size}"
        lines = [f"images: {self.split_sizes}, of {size} and {len(self.classes)} classes"]
        if self.fitted:
            tested, total = len(self.test_set), len(images.y)
            hint = "; data.fractions.test=1 tests all" * (tested < total and not images.split.any())
            lines.append(f"tested: {tested:,} of {total:,} images{hint}")
        else:
            check_trained(np.array(self.classes)[images.y], split, place)
            own = ImagePreprocessing(*_moments(self.train_set.x), self.augment, self.fit)
            self.preprocessing = self.suited(own)
        self.summary = "\n".join([*lines, *notes, *remarks, *images.seen.summary()])

    def _extra(self, source: str, images: Images, split: np.ndarray) -> tuple[Images, np.ndarray]:
        """The images and their splits, followed by the training images of another known dataset."""
        more = SOURCES[source](None, self.size, self.planes, self.fit)
        place, hint = f"data.source={source}", "name datasets of the same classes"
        numbers, _ = known_classes(more.classes, self.classes, place, hint)
        chosen = np.flatnonzero(split_images(more, None, self.fractions)[0] == "train")
        images = images._replace(
            x=np.concatenate([images.x, more.x[chosen]]),
            y=np.append(images.y, numbers[more.y[chosen]]),
            name=np.append(images.name, more.name[chosen]),
        )
        return images, np.append(split, ["train"] * len(chosen))


def _moments(x: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel; the deviation of a constant channel is set to 1."""
    channels = (torch.from_numpy(channel.ravel()) for channel in x.swapaxes(0, 1))
    counts = np.stack([channel.bincount(minlength=256).numpy() for channel in channels])
    levels, total = np.arange(256), counts.sum(1)
    mean = counts @ levels / total
    std = np.sqrt(counts @ levels**2 / total - mean**2)
    return mean.tolist(), np.where(std > 0, std, 1.0).tolist()
