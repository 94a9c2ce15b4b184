"""Planted evidence: a network learns to decide by it, and each method should point at it."""

import copy
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from shared.config import print_line
from shared.explain import InputAdapter, Target
from shared.explain.checks.base import Measure, Subject, check, measure
from shared.network import Network

LEARNED = 512  # planted inputs to learn from
ROUNDS = 30  # through them, at most
ENOUGH = 0.97  # accuracy on other planted inputs that ends the training


def learn(adapter: InputAdapter, random: np.random.Generator) -> Network:
    """A copy of the network, trained until it uses the evidence; norms and dropout as in prediction."""
    network = copy.deepcopy(adapter.network).eval().requires_grad_()

    def planted(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        made = [adapter.plant(random) for _ in range(n)]
        return torch.stack([one.example.x for one in made]), torch.tensor([one.label for one in made])

    x, y = planted(LEARNED)
    held, label = planted(64)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(ROUNDS):
        with torch.no_grad():
            if (network(held).argmax(1) == label).float().mean() >= ENOUGH:
                break
        for part in torch.from_numpy(random.permutation(LEARNED)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(network(x[part]), y[part]).backward()
            optimizer.step()
    return network


@check
def planted(subject: Subject) -> Iterator[Measure]:
    """How often each method points at evidence planted in an input (Zhang et al. 2018, section 4.2).

    That is, its most relevant place is part of the evidence: on N planted inputs on which the network is
    right, out of at most 4 N.
    """
    adapter = subject.adapter
    if type(adapter).plant is InputAdapter.plant:
        return
    if adapter.module.network.over_time:
        print_line("planted evidence: not checked, as it is of networks with one answer for an input")
        return
    random = np.random.default_rng(subject.seed)
    network = learn(adapter, random)
    adapter.plant(random)  # an extra draw keeps the numbers published for release 0.1.0
    hits: dict[str, list[bool]] = {name: [] for name in (*subject.methods, "random")}
    with subject.with_network(network):
        for _ in range(4 * subject.n):
            if len(hits["random"]) == subject.n:
                break
            example, evidence, label = adapter.plant(random)
            if adapter.answer(example) != label:
                continue
            places = adapter.places(example)
            maps = subject.maps(example, Target(label))
            maps["random"] = torch.from_numpy(random.random(places.shape))
            for name, relevance in maps.items():
                place = relevance.masked_fill(~places, -torch.inf).argmax()
                hits[name].append(bool(evidence.flatten()[place]))
    for name, found in hits.items():
        share = float(np.mean(found)) if found else float("nan")
        words = f"found planted evidence in {sum(found)} of {len(found)}"
        sign = "≥" if name in subject.methods and found else ""
        yield measure(f"planted evidence: {name} points at it", share, len(found), sign, 0.95, name, words)
