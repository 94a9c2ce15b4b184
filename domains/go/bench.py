"""The speed of the planes, and the cost of an engine's move beyond the network's forward pass."""

import resource
import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from domains.go.board import GROUPS, Games, game_planes
from domains.go.data import GoData
from domains.go.engine import Engine, GoProtocol, Policy
from domains.go.match import Client
from domains.go.module import GoPolicy
from shared.config import PROJECT

SAMPLE = 100  # games: some twenty thousand positions
REPEATS = 3  # the fastest counts: whatever else the machine does can only slow it down
WARM = 5  # moves before the first that counts: code compiles, memory is taken
MOVES = 50  # timed moves
STARTS = 3  # timed starts of the engine


def bench(module: GoPolicy, data: GoData, samples_per_second: float) -> dict[str, Any]:
    """The planes of the training games, moves of the engine with this network, and the engine's start.

    Args:
        module: with any weights: time does not depend on them.
        data: after ``setup()``.
        samples_per_second: of the training; not used here.
    """
    speed = plane_speed(data.train_set.games, data.groups_of_planes)
    figures = {
        "planes, positions/CPU s": speed["positions_per_cpu_second"],
        **{f"planes, share of {name}": share for name, share in speed["share"].items()},
    }
    module = module.cpu().eval()
    for symmetries in (1, 8):
        whole, bare = move_seconds(Policy(module.network, data.groups_of_planes, symmetries), MOVES)
        named = f"{symmetries} symmetr{'y' if symmetries == 1 else 'ies'}"
        ratios = [a / b for a, b in zip(whole, bare, strict=True)]
        figures |= {
            f"{named}, genmove, ms": 1000 * statistics.median(whole),
            f"{named}, forward pass, ms": 1000 * statistics.median(bare),
            f"{named}, genmove / forward pass": statistics.median(ratios),
        }
    passed, spent = zip(*(start_seconds() for _ in range(STARTS)), strict=True)
    return figures | {
        "start of the engine, s": statistics.median(passed),
        "its slowest start, s": max(passed),
        "start of the engine, CPU s": statistics.median(spent),
    }


def move_seconds(policy: Policy, moves: int) -> tuple[list[float], list[float]]:
    """Seconds of ``genmove`` in a game that the engine plays, and after each of the bare forward pass."""
    engine = Engine(policy, temperature=1.0, sensible=True, superko=True, seed=0)
    protocol = GoProtocol(engine, "bench")
    x = torch.zeros(policy.symmetries, sum(GROUPS[name] for name in policy.groups), policy.size, policy.size)
    whole, bare = [], []
    for move in range(WARM + moves):
        start = time.perf_counter()
        response = protocol.answer(f"genmove {'bw'[move % 2]}")
        middle = time.perf_counter()
        with torch.inference_mode():
            policy.network(x)
        end = time.perf_counter()
        assert response.startswith("= ")
        if move >= WARM:
            whole.append(middle - start)
            bare.append(end - middle)
    return whole, bare


def start_seconds() -> tuple[float, float]:
    """From starting ``scripts/gtp.py`` to its first response: on the clock, and of processor time."""
    start, spent = time.perf_counter(), _cpu_seconds_of_children()
    with Client(f"python '{PROJECT / 'scripts' / 'gtp.py'}'") as engine:
        engine("name")
        passed = time.perf_counter() - start
    return passed, _cpu_seconds_of_children() - spent


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def plane_speed(games: Games, groups: Sequence[str]) -> dict[str, Any]:
    """Replay games on one core and compute the planes of every position.

    Args:
        games: the records; up to SAMPLE games of the most frequent size are taken, evenly spread.
        groups: names of groups of planes, see ``planes``.

    Returns:
        ``games`` and ``positions`` replayed; ``positions_per_cpu_second`` for all groups together; ``share``:
        the part of the time that goes into each group, measured as what it adds alone to the replay, and
        into the replay itself. The replay computes what every move would do, since it must know the legal
        ones; so the groups of captures and liberties after a move cost almost nothing.
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
