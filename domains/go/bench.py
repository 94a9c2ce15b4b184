"""The speed of the planes, and the cost of an engine's move beyond the network's forward pass."""

import os
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
    start, before = time.perf_counter(), os.times()
    with Client(f"python '{PROJECT / 'scripts' / 'gtp.py'}'") as engine:
        engine("name")
        passed = time.perf_counter() - start
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return passed, spent


def plane_speed(games: Games, groups: Sequence[str]) -> dict[str, Any]:
    """Replay games on one core and compute the planes of every position.

    Args:
        games: the records; up to SAMPLE games of the most frequent size are taken, evenly spread.
        groups: names of groups of planes, see ``planes``.

    Returns:
        ``games`` and ``positions`` replayed; ``positions_per_cpu_second`` for all groups together; ``share``:
        the part of the time that goes into the replay, which computes what every legal move does, and into
        each group, measured as what it adds alone to the replay.
    """
    size = np.bincount(games.size).argmax()
    usable = np.flatnonzero((games.size == size) & (np.diff(games.move_start) > 0))
    sample = usable[np.unique(np.linspace(0, len(usable) - 1, SAMPLE).astype(int))].tolist()
    positions = int(np.diff(games.move_start)[sample].sum())

    def seconds(groups: Sequence[str]) -> float:
        """CPU seconds of this thread, the best of REPEATS."""
        game_planes(games, sample[0], groups)  # compiles
        times = []
        for _ in range(REPEATS):
            start = time.thread_time()
            for g in sample:
                game_planes(games, g, groups)
            times.append(time.thread_time() - start)
        return min(times)

    replay = seconds(["zeros"])
    cost = {"replay": replay, **{name: max(0.0, seconds([name]) - replay) for name in groups}}
    return {
        "games": len(sample),
        "positions": positions,
        "positions_per_cpu_second": positions / seconds(groups),
        "share": {name: part / sum(cost.values()) for name, part in cost.items()},
    }
