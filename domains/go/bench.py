"""How fast positions come out of the loader and the planes, and what each group of planes costs."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from domains.go.board import Games, game_planes
from domains.go.data import GoData

DRAWS = 50  # batches that the loader alone is timed on
SAMPLE = 100  # games: some twenty thousand positions
REPEATS = 3  # the fastest counts: whatever else the machine does can only slow it down


def bench(data: GoData, samples_per_second: float) -> dict[str, Any]:
    """The loader alone beside what the network takes, and the planes.

    Args:
        data: ready to be read.
        samples_per_second: that the network takes.
    """
    loader = iter(data.train_dataloader())
    next(loader)  # workers start, code compiles
    start = time.perf_counter()
    drawn = sum(len(next(loader)["y"]) for _ in range(min(DRAWS, len(loader) - 1)))
    loaded = drawn / (time.perf_counter() - start)
    speed = plane_speed(data.train_set.games, data.groups_of_planes)
    return {
        "loader positions/s": loaded,
        "loader / network": loaded / samples_per_second,
        "planes, positions/CPU s": speed["positions_per_cpu_second"],
        **{f"planes, share of {name}": share for name, share in speed["share"].items()},
    }


def plane_speed(games: Games, groups: Sequence[str]) -> dict[str, Any]:
    """Replay games on one core and compute the planes of every position.

    Args:
        games: the records; up to SAMPLE games of the most frequent size are taken, evenly spread.
        groups: names of groups of planes, see ``planes``.

    Returns:
        ``games`` and ``positions`` replayed; ``positions_per_cpu_second`` for all groups together; ``share``:
        the part of the time that goes into each group, measured as what it adds alone to the replay, and
        into the replay itself. The replay looks what every move would do, since it must know the legal ones;
        so the groups that tell captures and liberties after a move come almost free.
    """
    size = np.bincount(games.size).argmax()
    usable = np.flatnonzero((games.size == size) & (np.diff(games.move_start) > 0))
    sample = usable[np.unique(np.linspace(0, len(usable) - 1, SAMPLE).astype(int))]
    positions = int(np.diff(games.move_start)[sample].sum())
    replay = _seconds(games, sample, ["zeros"])
    cost = {"replay": replay}
    cost.update((name, max(0.0, _seconds(games, sample, [name]) - replay)) for name in groups)
    total = sum(cost.values())
    return {
        "games": len(sample),
        "positions": positions,
        "positions_per_cpu_second": positions / _seconds(games, sample, groups),
        "share": {name: seconds / total for name, seconds in cost.items()},
    }


def _seconds(games: Games, sample: np.ndarray, groups: Sequence[str]) -> float:
    """CPU seconds of this thread, the best of REPEATS."""
    game_planes(games, int(sample[0]), groups)  # compiles
    best = np.inf
    for _ in range(REPEATS):
        start = time.thread_time()
        for g in sample:
            game_planes(games, int(g), groups)
        best = min(best, time.thread_time() - start)
    return best
