"""What playing costs beyond the network: a move by the engine beside the bare forward pass, and the start."""

import resource
import statistics
import time
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from domains.go.board import GROUPS, plane_groups
from domains.go.engine import Engine, GoProtocol, Policy
from domains.go.match import Client
from shared.config import PROJECT
from shared.network import build_network
from shared.results import show

WARM = 5  # moves before the first that counts: code compiles, memory is taken


def move_seconds(policy: Policy, moves: int) -> tuple[list[float], list[float]]:
    """Seconds of ``genmove`` in a game it plays, and after each of the bare forward pass."""
    engine = Engine(policy, temperature=1.0, sensible=True, superko=True, seed=0)
    protocol = GoProtocol(engine, "latency")
    x = torch.zeros(policy.symmetries, sum(GROUPS[name] for name in policy.groups), policy.size, policy.size)
    whole, bare = [], []
    for move in range(WARM + moves):
        start = time.perf_counter()
        answer = protocol.answer(f"genmove {'bw'[move % 2]}")
        middle = time.perf_counter()
        with torch.inference_mode():
            policy.network(x)
        end = time.perf_counter()
        assert answer.startswith("= ")
        if move >= WARM:
            whole.append(middle - start)
            bare.append(end - middle)
    return whole, bare


def start_seconds() -> tuple[float, float]:
    """From starting ``scripts/gtp.py`` to its first answer: on the clock, and of processor time."""
    start, spent = time.perf_counter(), _children()
    with Client(f"python '{PROJECT / 'scripts' / 'gtp.py'}'") as engine:
        engine("name")
        passed = time.perf_counter() - start
    return passed, _children() - spent


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def latency(config: DictConfig) -> dict[str, Any]:
    """Measure what ``conf/latency.yaml`` asks for, print it as a table and write it to ``output``.

    The weights are fresh: time does not depend on them.
    """
    model = OmegaConf.to_container(config.model, resolve=True)
    assert isinstance(model, dict)
    groups, size = plane_groups(model["planes"]), config.data.size
    planes = sum(GROUPS[name] for name in groups)
    figures: dict[str, Any] = {"threads": torch.get_num_threads()}
    for symmetries in (1, 8):
        network = build_network(model["layers"], planes, (size, size), size**2)
        whole, bare = move_seconds(Policy(network, groups, symmetries), config.latency.moves)
        named = f"{symmetries} symmetr{'y' if symmetries == 1 else 'ies'}"
        ratios = [a / b for a, b in zip(whole, bare, strict=True)]
        figures |= {
            f"{named}, genmove, ms": 1000 * statistics.median(whole),
            f"{named}, forward pass, ms": 1000 * statistics.median(bare),
            f"{named}, genmove / forward pass": statistics.median(ratios),
        }
    passed, spent = zip(*(start_seconds() for _ in range(config.latency.starts)), strict=True)
    figures |= {
        "start of the engine, s": statistics.median(passed),
        "its slowest start, s": max(passed),
        "start of the engine, CPU s": statistics.median(spent),
    }
    show(figures, config.latency.output, decimals=2)
    return figures
