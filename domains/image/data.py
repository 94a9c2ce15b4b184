"""Pictures as batches: decoded once, kept as bytes, changed at random on the device."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from domains.image import augment as changes
from domains.image.preprocessing import ImagePreprocessing
from domains.image.reading import HINT, SOURCES, Images
from shared.errors import UserError, nearest
from shared.files import check_classes, class_name, identity
from shared.training import DataModule, Draw, Fractions

NAMED = 10  # classes in an error or remark
HASHED: tuple[Literal["test"], Literal["val"]] = (
    "test",
    "val",
)  # the sets that are cut where none is official


class ImageDataset:
    """Some of the pictures. A batch holds ``x`` uint8 (N, channels, size, size), ``y`` and ``item``."""

    def __init__(self, pictures: Images, chosen: np.ndarray):
        self.x, self.y, self.name = pictures.x[chosen], pictures.y[chosen], pictures.name[chosen]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def held(self) -> np.ndarray:
        """By the pixels alone."""
        return np.array([identity(x.tobytes()) for x in self.x], np.uint64)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        return {"x": self.x[draw.items], "y": self.y[draw.items], "item": draw.items}


class ImageData(DataModule):
    """Pictures of a source in three sets.

    Official sets stay official. What is cut for validation, and for testing where nobody has settled a test
    set, follows from each picture's own pixels: more pictures move none to another side, and copies stay
    together. ``conf/data/image/folder.yaml`` says what each argument is for.
    """

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
        if source not in SOURCES:
            raise UserError(f"data.source={source}: {nearest(source, list(SOURCES))}")
        if channels not in (1, 3):
            raise UserError(f"data.channels={channels}: give 1 for grey or 3 for colours")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise UserError(f"data.size={size}: give the pixels of a side, a whole number from 1")
        if first is not None and first < 1:
            raise UserError(f"data.first={first}: give a whole number from 1, or null for all")
        if isinstance(test_views, bool) or test_views not in (1, 2, 6):
            raise UserError(f"data.test_views={test_views}: give 1, 2 or 6")
        for name in HASHED:
            share = fractions.get(name)
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise UserError(f"data.fractions.{name}: must be a share from 0 to 1, got {share}")
        changes.check(augment, size)
        self.planes, self.extent = channels, (size, size)
        self.source, self.path = source, Path(path) if path else None
        self.first, self.fractions, self.strict, self.augment = first, fractions, strict, augment
        self.views = test_views

    def setup(self, stage: str | None = None) -> None:
        """Read and split the pictures; of a trained run, those of its classes, which ``classes`` then holds.

        Raises:
            UserError: The path holds no usable pictures, of one class only, or of classes to test that there
                are none of to train on.
        """
        if hasattr(self, "train_set"):
            return
        pictures = SOURCES[self.source](self.path, self.extent[0] or 1, self.planes)
        pictures.seen.refuse(self.strict)
        if self.fitted:
            pictures = self._as_known(pictures)
        elif self.source == "folder":
            labels = np.array(pictures.classes)[pictures.y]
            pictures.notes.extend(check_classes(labels, str(self.path), HINT))
        self.classes = pictures.classes
        chosen = self._split(pictures)
        if not self.fitted:
            self._check(pictures, chosen)
        self.train_set, self.val_set, self.test_set = (
            ImageDataset(pictures, each) for each in chosen.values()
        )
        if not self.fitted:
            self.preprocessing = ImagePreprocessing(*_moments(self.train_set.x), self.augment)
        self.summary = self._summary(pictures, chosen)

    def _as_known(self, pictures: Images) -> Images:
        """The pictures with the numbers that a trained run has for their classes."""
        numbers = {class_name(name): number for number, name in enumerate(self.classes)}
        present = [pictures.classes[i] for i in np.unique(pictures.y)]
        strange = [name for name in present if class_name(name) not in numbers]
        if strange:
            raise UserError(
                f"{self.path or self.source}: must have classes of the run ({_listed(self.classes)}), "
                f"got {_listed(strange)} as well; rename or remove such folders"
            )
        missing = [name for name in self.classes if class_name(name) not in map(class_name, present)]
        if missing:
            pictures.notes.append(f"classes of the run without a picture here: {_listed(missing)}")
        y = np.array([numbers.get(class_name(name), -1) for name in pictures.classes])[pictures.y]
        return pictures._replace(y=y, classes=self.classes)

    def _split(self, pictures: Images) -> dict[str, np.ndarray]:
        """The numbers of the pictures that train, validate and test."""
        side = pictures.split.astype("<U5")
        official = set(side) - {""}
        if official and "" in side:
            stray = pictures.name[side == ""][0]
            raise UserError(
                f"{self.path}: {stray} must lie in one of {', '.join(sorted(official))}, as others do"
            )
        side[side == ""] = "train"
        place = np.array([identity(x.tobytes()) / 2**64 for x in pictures.x])  # in [0, 1): the pixels decide
        start = 0.0
        if "test" not in official:
            start = self.fractions["test"]
            side[place < start] = "test"
        train = np.flatnonzero(side == "train")
        if self.first:
            train, rest = train[: self.first], train[self.first :]
        if "val" not in official:
            cut = train if not self.first or not len(rest) else rest
            cut = cut[(start <= place[cut]) & (place[cut] < start + self.fractions["val"])]
            side[cut] = "val"
        if not self.first and self.fractions["test"] < 1:
            pictures.notes.extend(self._spread(pictures, side, place, set(HASHED) - official))
            train = np.flatnonzero(side == "train")
        return {
            "train": train[side[train] == "train"],
            "val": np.flatnonzero(side == "val"),
            "test": np.flatnonzero(side == "test"),
        }

    def _spread(self, pictures: Images, side: np.ndarray, place: np.ndarray, cut: set[str]) -> list[str]:
        """Of very few pictures, have some of each class to train on, and one in each set that was cut.

        Args:
            pictures: all of them.
            side: (N,) the set of each; changed.
            place: (N,) in [0, 1), by which the sets were cut.
            cut: the sets that are not official.

        Returns:
            Remarks for the summary.
        """
        moved = 0
        for number in set(pictures.y[np.isin(side, list(cut))]) - set(pictures.y[side == "train"]):
            back = np.flatnonzero((pictures.y == number) & np.isin(side, list(cut)))
            side[back[place[back].argmax()]] = "train"
            moved += 1
        for name in HASHED:
            if name not in cut or not self.fractions[name] or (side == name).any():
                continue
            of_class = np.bincount(pictures.y[side == "train"], minlength=len(pictures.classes))
            spare = np.flatnonzero((side == "train") & (of_class[pictures.y] > 1))
            if not len(spare):
                spare = np.flatnonzero(np.isin(side, list(cut)))
                spare = spare[1:]  # leave one
            if len(spare):
                side[spare[place[spare].argmin()]] = name
                moved += 1
        return [f"few pictures: {moved:,} moved for data.fractions to leave none empty"] * bool(moved)

    def _check(self, pictures: Images, chosen: dict[str, np.ndarray]) -> None:
        known = set(pictures.y[chosen["train"]])
        where = self.path or self.source
        if len(known) < 2:
            raise UserError(
                f"{where}: {len(chosen['train']):,} pictures to train on, of {len(known)} class(es) "
                f"({', '.join(pictures.classes[i] for i in sorted(known))}); at least two classes are needed"
            )
        for name in ("val", "test"):
            strange = sorted(set(pictures.y[chosen[name]]) - known)
            if strange:
                raise UserError(
                    f"{where}: {name} has pictures of {pictures.classes[strange[0]]!r}, and train has none; "
                    "add some, or take the class away"
                )

    def _summary(self, pictures: Images, chosen: dict[str, np.ndarray]) -> str:
        counts = ", ".join(f"{len(each):,} {name}" for name, each in chosen.items())
        size = f"{self.planes}×{self.extent[0]}×{self.extent[1]}"
        lines = [f"pictures: {counts}, of {size} and {len(pictures.classes)} classes"]
        if self.fitted:
            lines.append(f"tested: {len(chosen['test']):,} of {len(pictures.y):,} pictures")
            if len(chosen["test"]) < len(pictures.y) and not pictures.split.any():
                lines[-1] += "; data.fractions.test=1 tests all"
        return "\n".join([*lines, *pictures.notes, *pictures.seen.summary()])

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The class that is most frequent in training."""
        if not len(self.train_set):  # pictures that a run is tested on and nothing else
            return {}
        most = np.bincount(self.train_set.y).argmax()
        return {"most frequent class": self.test_set.y[items] == most}


def _moments(x: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel; a channel without any change counts as of deviation 1."""
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in x.swapaxes(0, 1)])
    levels, total = np.arange(256), counts.sum(1)
    mean = counts @ levels / total
    std = np.sqrt(counts @ levels**2 / total - mean**2)
    return mean.tolist(), np.where(std > 0, std, 1.0).tolist()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f", … {len(names):,} in all" if len(names) > NAMED else "")
