"""Batches: drawn by the seed and the epoch alone, so that any run can be repeated or resumed."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from functools import cached_property
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

WORKERS = 512  # loader processes at most: a run from elsewhere may ask for any number
DRAWN = 1  # sets the random numbers of weighted draws apart from those of other choices
IMBALANCED = 3  # times as many examples of one class as of another: reported
SORTED = 50  # batches whose items are sorted by length together: enough for little padding, and still random


class Draw(NamedTuple):
    """The items of one batch, and the seed of every random choice in it (None: make none)."""

    items: np.ndarray  # int64 (N,)
    seed: int | None


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
    like ones together. Its ``held`` uint64 (N,), a number for what each item holds, and ``y`` (N,), its class
    (not over time), show a later command whether the data have changed.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, draw: Draw) -> dict[str, Any]: ...


def evenly(dataset: Sized, most: int) -> np.ndarray:
    """The numbers of at most N items of a dataset, int64, from its first to its last."""
    return np.linspace(0, len(dataset) - 1, min(len(dataset), most)).astype(np.int64)


def evenly_by_length(dataset: Dataset, most: int, size: int) -> Iterator[np.ndarray]:
    """Those of ``evenly``, N at a time; items of similar lengths together, where lengths vary."""
    items = evenly(dataset, most)
    if (lengths := getattr(dataset, "lengths", None)) is not None:
        items = items[np.argsort(lengths[items], kind="stable")]
    return (items[start : start + size] for start in range(0, len(items), size))


class Draws:
    """The draws of one epoch after the other: a sampler for ``DataLoader(batch_size=None)``.

    Training runs through one permutation of the items after the other; an epoch is the next ``epoch_size`` of
    them. Where it stands follows from the seed and the epoch, so nothing needs saving. Each of ``world``
    processes takes every world-th item, and in training as many as the others: they step together.

    With ``weights`` (N,), which sum to 1, training draws items with these probabilities instead, each any
    number of times.

    With ``lengths``, items of like length come in one batch, which then needs little padding: in training
    those of SORTED batches at a time, else of all.
    """

    def __init__(
        self,
        items: int,
        batch_size: int,
        *,
        seed: int | None = None,
        epoch_size: int | None = None,
        rank: int = 0,
        world: int = 1,
        weights: np.ndarray | None = None,
        lengths: np.ndarray | None = None,
        epoch: int = 0,
    ):
        self.weights = weights
        self.items, self.batch_size, self.seed, self.lengths = items, batch_size, seed, lengths
        self.epoch, self.epoch_size = epoch, epoch_size or items
        self.rank, self.world = rank, world
        # Of this process.
        self.share = len(range(rank, items, world)) if seed is None else self.epoch_size // world

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch: before the first one, after loader processes have begun."""
        self.epoch = epoch

    def _order(self) -> np.ndarray:
        if self.seed is None:
            return np.arange(self.items)
        if self.weights is not None:
            random = np.random.default_rng([self.seed, self.epoch, DRAWN])
            return random.choice(self.items, self.epoch_size, p=self.weights)
        start = self.epoch * self.epoch_size
        passes = range(start // self.items, (start + self.epoch_size - 1) // self.items + 1)
        whole = [np.random.default_rng([self.seed, p]).permutation(self.items) for p in passes]
        return np.concatenate(whole)[start - passes[0] * self.items :][: self.epoch_size]

    def _by_length(self, order: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The order with its batches (of all processes) made of like lengths, themselves in random order."""
        if self.seed is None:
            return order[np.argsort(lengths[order], kind="stable")]
        size = self.batch_size * self.world
        batches: list[np.ndarray] = []
        for start in range(0, len(order), SORTED * size):
            part = order[start : start + SORTED * size]
            part = part[np.argsort(lengths[part], kind="stable")]
            batches += [part[i : i + size] for i in range(0, len(part), size)]
        whole = len(order) // size  # an incomplete batch stays the last
        chosen = np.random.default_rng([self.seed, self.epoch]).permutation(whole)
        return np.concatenate([*(batches[i] for i in chosen), *batches[whole:]])

    def __iter__(self) -> Iterator[Draw]:
        order = self._order()
        if self.lengths is not None:
            order = self._by_length(order, self.lengths)
        mine = order[self.rank :: self.world][: self.share]
        for i in range(len(self)):
            seed = None
            if self.seed is not None:
                sequence = np.random.SeedSequence([self.seed, self.epoch, i, self.rank])
                seed = int(sequence.generate_state(1)[0])
            yield Draw(mine[i * self.batch_size : (i + 1) * self.batch_size], seed)

    def __len__(self) -> int:
        return -(-self.share // self.batch_size)


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
        balanceable: Whether classes may count alike: not where their frequency is part of what is learned.
        over_time: Whether the labels are those of the windows of an item, see ``Classifier``.
        first_epoch: Epoch that training begins with: above 0 in a resumed run. Set it before the loader is
            made: loader processes fetch batches of that epoch at once, long before Lightning names it.
    """

    balanceable: ClassVar[bool] = True
    over_time: ClassVar[bool] = False
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
        require_int("data.workers", workers, 0, WORKERS)
        self.seed, self.batch_size, self.epoch_size, self.workers = seed, batch_size, epoch_size, workers
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
        dataset = self.sets[split]
        gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        weights = None
        if split == "train" and self.balance == "sampling":
            weights = self.class_weights()[dataset.y] / len(dataset)  # type: ignore[attr-defined]
        draws = Draws(
            len(dataset),
            self.batch_size,
            seed=seed,
            epoch_size=epoch_size,
            rank=rank,
            world=world,
            weights=weights,
            lengths=getattr(dataset, "lengths", None),
            epoch=self.first_epoch,
        )
        return DataLoader(
            dataset,  # type: ignore[arg-type]  # a map from draws to batches, which torch's type cannot say
            batch_size=None,
            sampler=draws,
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
