"""Batches: drawn by the seed and the epoch alone, so that any run can be repeated or resumed."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

DRAWN, SUBSET = 1, 2  # set the random numbers of weighted draws and of subsets apart from other choices
PER_ITEM = ("y", "lengths", "held")  # of a dataset: a value for each item
SORTED = 50  # batches whose items are sorted by length together: enough for little padding, and still random


class Draw(NamedTuple):
    """The items of one batch, and the seed of every random choice in it (None: make none)."""

    items: np.ndarray  # int64 (N,)
    seed: int | None


class Drawn:
    """N items of a dataset, drawn by the seed, each at most once; batches keep the numbers of its items."""

    def __init__(self, dataset: Any, n: int, seed: int):
        random = np.random.default_rng([seed, SUBSET])
        self.dataset, self.items = dataset, np.sort(random.choice(len(dataset), n, replace=False))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, draw: Draw) -> Any:
        return self.dataset[Draw(self.items[draw.items], draw.seed)]

    def __getattr__(self, name: str) -> Any:
        """What the dataset knows of each item (``y``, ``lengths``, ``held``), of these; the rest as it is."""
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self.dataset, name)
        return value[self.items] if name in PER_ITEM else value


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
            yield Draw(mine[i * self.batch_size : (i + 1) * self.batch_size], self._seed_of(i))

    def _seed_of(self, batch: int) -> int | None:
        if self.seed is None:
            return None
        return int(np.random.SeedSequence([self.seed, self.epoch, batch, self.rank]).generate_state(1)[0])

    def __len__(self) -> int:
        return -(-self.share // self.batch_size)


class BoundedDraws(Draws):
    """Draws of which a batch has at most N ``cells``, padding included: long items come in smaller batches.

    Sorted together are at most as many as a pass has, so that in an epoch of whole passes no batch has an
    item twice. Batches end at the same ranks of length in each epoch, which therefore all have as many; in
    an epoch of another size, whose items are drawn by chance, a batch may have some more cells.
    """

    def __init__(self, items: int, batch_size: int, *, lengths: np.ndarray, cells: int, **settings: Any):
        super().__init__(items, batch_size, lengths=lengths, **settings)
        order = np.argsort(lengths, kind="stable")
        share = np.full(items, 1 / items) if self.weights is None else self.weights[order]
        self.lengths: np.ndarray = lengths
        self.cells, self.sorted, self.shares = cells, lengths[order], share.cumsum()

    def _parts(self) -> list[int]:
        """The items of each part of an epoch that is sorted by length, of this process alone."""
        most = max(min(SORTED * self.batch_size, self.items // self.world), 1)
        return [min(most, self.share - start) for start in range(0, self.share, most)]

    def _starts(self, n: int) -> list[int]:
        """Where batches begin among N drawn items in order of length."""
        rank = np.searchsorted(self.shares, (np.arange(n) + 0.5) / n)
        return batch_starts(self.sorted[rank.clip(max=self.items - 1)], self.batch_size, self.cells)

    def _batches(self) -> Iterator[np.ndarray]:
        order, start = self._order(), 0
        if self.seed is None:
            order = order[self.rank :: self.world]
            order = order[np.argsort(self.lengths[order], kind="stable")]
            yield from np.split(order, batch_starts(self.lengths[order], self.batch_size, self.cells)[1:])
            return
        batches: list[np.ndarray] = []
        for n in self._parts():
            part = order[start : start + n * self.world]
            start += len(part)
            mine = part[np.argsort(self.lengths[part], kind="stable")][self.rank :: self.world]
            batches += np.split(mine, self._starts(n)[1:])
        for i in np.random.default_rng([self.seed, self.epoch]).permutation(len(batches)):
            yield batches[i]

    def __iter__(self) -> Iterator[Draw]:
        for i, items in enumerate(self._batches()):
            yield Draw(items, self._seed_of(i))

    def __len__(self) -> int:
        if self.seed is None:
            return sum(1 for _ in self._batches())
        return sum(len(self._starts(n)) for n in self._parts())


def batch_starts(lengths: np.ndarray, size: int, cells: int | None) -> list[int]:
    """Where batches begin among items (N,) in order of length: of ``size`` items and ``cells`` at most.

    Padding counts; an item that is longer is a batch alone. Without ``cells`` all but the last are full.
    """
    if cells is None:
        return list(range(0, len(lengths), size))
    starts, end = [], len(lengths)
    while end:
        end -= min(max(cells // int(lengths[end - 1]), 1), size, end)
        starts.append(end)
    return starts[::-1]
