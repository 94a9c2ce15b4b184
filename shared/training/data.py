"""What a domain gives a training: its items in three splits, their classes and preprocessing."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol, TypedDict, TypeVar, runtime_checkable

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from shared.config import Balance, Loss, ignore_warnings
from shared.errors import UserError, require_int, require_number
from shared.files import printable
from shared.runs import FORM, Fingerprint, examples
from shared.training.draws import BoundedDraws, Draw, Drawn, Draws, batch_starts

LEAST_STEPS = 100_000  # of an epoch of few items
WORKERS = 512  # loader processes at most: a run from elsewhere may ask for any number
IMBALANCED = 3  # times as many examples of one class as of another: reported


class Fractions(TypedDict):
    """Shares of the data that validate and test."""

    val: float
    test: float


def check_fractions(fractions: Fractions) -> None:
    """Refuse shares outside 0 to 1, or above 1 together."""
    for name in ("val", "test"):
        require_number(f"data.fractions.{name}", fractions[name], 0, 1)
    if fractions["val"] + fractions["test"] > 1:
        raise UserError(f"data.fractions: must be at most 1 together, got {fractions}")


@dataclass(frozen=True)
class Preprocessing:
    """The state of a network's preprocessing, fitted to its training data, such as their mean or vocabulary.

    A domain adds fields of plain values: they are stored in every checkpoint.
    """

    def suited_to(self, source: Any) -> Any:
        """This state, with what trained weights depend on as in the ``source`` that they come with."""
        return self


State = TypeVar("State", bound=Preprocessing)


class Fitted(NamedTuple):
    """The classes of a trained network, and the state of its preprocessing."""

    classes: list[str]
    preprocessing: Preprocessing


@runtime_checkable
class Dataset(Protocol):
    """Items that are read a batch at a time.

    A batch has ``x`` (N, channels, axis 1, axis 2), ``y`` (N,), ``item`` (N,), and the domain's own; over
    time it has the labels that ``Classifier`` describes. The dataset's ``lengths`` (N,), if it has them, puts
    like ones together, and its ``cells``, unless None, is the most of them in a batch, padding included.
    Its ``held`` uint64 (N,), a number for what each item holds, and ``y`` (N,), its class (not over time),
    show a later command whether the data have changed.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, draw: Draw) -> dict[str, Any]: ...


def evenly(dataset: Sized, most: int) -> np.ndarray:
    """The numbers of at most N items of a dataset, int64, from its first to its last."""
    return np.linspace(0, len(dataset) - 1, min(len(dataset), most)).astype(np.int64)


def evenly_by_length(dataset: Dataset, most: int, size: int) -> Iterator[np.ndarray]:
    """Those of ``evenly``, N at a time; items of similar lengths together, where lengths vary."""
    items = evenly(dataset, most)
    if (lengths := getattr(dataset, "lengths", None)) is None:
        return (items[start : start + size] for start in range(0, len(items), size))
    items = items[np.argsort(lengths[items], kind="stable")]
    return iter(np.split(items, batch_starts(lengths[items], size, getattr(dataset, "cells", None))[1:]))


class DataModule(pl.LightningDataModule):
    """A domain's data; a subclass reads the three splits in ``setup``.

    Of the arguments, ``fitted`` is of a trained network whose data these are: ``setup`` uses its classes and
    preprocessing instead of fitting its own. ``balance`` is ``training.balance``: each class counts alike in
    training, by ``weights`` in the loss or by ``sampling``; ``loss`` is ``training.loss``. The others are
    keys of ``conf/data``.

    Attributes:
        planes: Number of channels of the input.
        extent: Size of the input along its two axes, None where it varies. Both are known before any data
            are read, so that a network that does not fit is refused at once.
        classes: Names of the classes, in the order of the logits; known after ``setup``, or before.
        preprocessing: What the network's preprocessing takes from the training items; known after ``setup``.
        fitted: Whether both are those of a trained network.
        init: The preprocessing of the network whose weights the training starts from, or None: what ``setup``
            fits goes through ``suited``.
        train_set, val_set, test_set: The official splits, or a split by game, speaker or file.
        views: Number of views of a test input over which the network averages, see ``Classifier.views``.
        summary: What was read and what was skipped.
        writing: The settings that make reading write to a place of the user's choice, each with the value by
            which it does not.
        remedy: What to try where a network does not beat the baselines.
        balanceable: Whether classes may count alike: not where their frequency is part of what is learned.
        over_time: Whether the labels are those of the windows of an item, see ``Classifier``.
        first_epoch: Epoch that training begins with: above 0 in a resumed run. Set it before the loader is
            made: loader processes fetch batches of that epoch at once, long before Lightning names it.
    """

    balanceable: ClassVar[bool] = True
    over_time: ClassVar[bool] = False
    remedy: ClassVar[str] = (
        "more epochs (trainer.max_epochs=20), a start from a trained network (init=RUN), more examples"
    )
    writing: ClassVar[Mapping[str, Any]] = MappingProxyType({"cache": None})
    planes: int
    extent: tuple[int | None, int | None]
    classes: list[str]
    train_set: Dataset
    val_set: Dataset
    test_set: Dataset
    preprocessing: Preprocessing
    init: Preprocessing | None = None
    summary: str = ""
    views: int = 1

    def __init__(
        self,
        *,
        seed: int,
        batch_size: int,
        epoch_size: int | None = None,
        least_steps: int = 1,
        redraw: int | None = None,
        workers: int = 1,
        balance: Balance = None,
        loss: Loss = "cross_entropy",
        fitted: Fitted | None = None,
    ):
        super().__init__()
        if loss == "ctc" and not self.over_time:
            raise UserError(
                "training.loss: must be cross_entropy for data with one label for each example, got ctc"
            )
        if balance and not self.balanceable:
            raise UserError(
                f"training.balance: must be null for these data, got {balance}; how frequent a class is "
                "belongs to what their network learns"
            )
        require_int("data.batch_size", batch_size, 1)
        require_int("data.epoch_size", 1 if epoch_size is None else epoch_size, 1)
        require_int("data.least_steps", least_steps, 1, LEAST_STEPS)
        require_int("data.redraw", 1 if redraw is None else redraw, 1)
        require_int("data.workers", workers, 0, WORKERS)
        self.seed, self.batch_size, self.epoch_size, self.workers = seed, batch_size, epoch_size, workers
        self.least_steps, self.redraw = least_steps, redraw
        self.balance, self.loss, self.fitted = balance, loss, fitted is not None
        self.preprocessing = Preprocessing()
        if fitted:
            self.classes, self.preprocessing = fitted
        self.first_epoch = 0

    @abstractmethod
    def setup(self, stage: str | None = None) -> None:
        """Read the data; called once by the commands, and again without effect by Lightning."""

    def suited(self, state: State) -> State:
        """A state that was fitted to the training items, as the weights need it that training starts from."""
        return state if self.init is None else state.suited_to(self.init)

    @property
    def sets(self) -> dict[str, Dataset]:
        """The splits by their names ``train``, ``val`` and ``test``."""
        return {name: getattr(self, f"{name}_set") for name in ("train", "val", "test")}

    @property
    def drawn_set(self) -> Dataset:
        """What trains: all of ``train_set``, or as many of its items as ``data.redraw`` says, by the seed."""
        if self.redraw is None:
            return self.train_set
        if self.redraw > len(self.train_set):
            raise UserError(
                f"data.redraw: must be at most {len(self.train_set):,}, the number of examples that train, "
                f"got {self.redraw:,}"
            )
        return Drawn(self.train_set, self.redraw, self.seed)

    @property
    def split_sizes(self) -> str:
        """The number of examples of each split, for messages."""
        return ", ".join(f"{len(dataset):,} {name}" for name, dataset in self.sets.items())

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Of the data as ``setup`` has read them."""
        return {
            "form": FORM,
            "classes": list(self.classes),
            "splits": {
                name: examples(getattr(each, "held", None), getattr(each, "y", None), len(each), self.classes)
                for name, each in self.sets.items()
            },
            "fitted": {
                key: len(value) for key, value in vars(self.preprocessing).items() if isinstance(value, list)
            },
        }

    def class_sizes(self, split: str) -> np.ndarray | None:
        """The number of examples of each class (classes,) in a split; None where data do not list them."""
        y = getattr(self.sets[split], "y", None)
        return None if y is None else np.bincount(y, minlength=len(self.classes))

    def class_weights(self) -> np.ndarray:
        """Weights (classes,) by which each class that trains counts the same; 1 on average over the items."""
        sizes = self.class_sizes("train")
        if sizes is None:
            raise UserError(
                f"training.balance: must be null for data that list no classes, got {self.balance}"
            )
        return sizes.sum() / np.count_nonzero(sizes) / np.maximum(sizes, 1)

    @property
    def imbalance(self) -> str:
        """A line on classes of very different sizes that count as they come; empty where there are none."""
        sizes = None if self.balance or not self.balanceable else self.class_sizes("train")
        if sizes is None or not sizes.any():
            return ""
        many, few = int(sizes.argmax()), int(np.where(sizes, sizes, sizes.max()).argmin())
        if sizes[many] <= IMBALANCED * sizes[few]:
            return ""
        numbers = ", ".join(f"{sizes[n]:,} of {printable(self.classes[n][:40])}" for n in (many, few))
        return (
            f"imbalanced classes: {numbers} in training; training.balance=weights or sampling makes them "
            "count alike (see test/balanced_acc)"
        )

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The chance (N,) of being right on each test item, by the names of simple predictions.

        Here the class that is most frequent in training; none where no item trains or classes are not stored.
        """
        train, test = getattr(self.train_set, "y", ()), getattr(self.test_set, "y", None)
        if not len(train) or test is None:
            return {}
        return {"most frequent class": test[items] == np.bincount(train).argmax()}

    def groups(self, items: np.ndarray) -> np.ndarray:
        """Which test items (N,) belong together (a game, a speaker): intervals treat a group as one draw."""
        return items

    def require(self, *splits: str) -> None:
        """Refuse data of which one of the named splits has no example."""
        for name in splits:
            if not len(self.sets[name]):
                remedy = "add examples, or split them otherwise"
                raise UserError(f"data: must have {name} examples, got {self.split_sizes}; {remedy}")

    def _loader(self, split: str, seed: int | None = None, epoch_size: int | None = None) -> DataLoader:
        self.require(split)
        dataset = self.drawn_set if split == "train" else self.sets[split]
        gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        weights = None
        if split == "train" and self.balance == "sampling":
            weights = self.class_weights()[dataset.y] / len(dataset)  # type: ignore[attr-defined]
            weights = weights / weights.sum() if self.redraw else weights
        cells = getattr(dataset, "cells", None)
        draws = partial(
            Draws if cells is None else partial(BoundedDraws, cells=cells),
            len(dataset),
            self.batch_size,
            seed=seed,
            rank=rank,
            world=world,
            weights=weights,
            lengths=getattr(dataset, "lengths", None),
            epoch=self.first_epoch,
        )
        if seed is not None and epoch_size is None:
            epoch_size = len(dataset) * -(-self.least_steps // max(len(draws()), 1))
        return DataLoader(
            dataset,  # type: ignore[arg-type]  # a map from draws to batches, which torch's type cannot say
            batch_size=None,
            sampler=draws(epoch_size=epoch_size),
            num_workers=self.workers,
            worker_init_fn=ignore_warnings,
            persistent_workers=self.workers > 0,
            pin_memory=gpu,
            # Its own: a loader draws a number as it begins, in a resumed run at another moment than in one
            # never stopped. From torch's global generator it would change the dropout of that epoch.
            generator=torch.Generator(),
        )

    def train_dataloader(self) -> DataLoader:
        return self._loader("train", self.seed, self.epoch_size)

    def val_dataloader(self) -> DataLoader:
        return self._loader("val")

    def test_dataloader(self) -> DataLoader:
        return self._loader("test")
