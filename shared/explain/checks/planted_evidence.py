"""Planted evidence: a network learns what decides, and each method has to point at it."""

import copy

import numpy as np
import torch
import torch.nn.functional as F

from shared.explain.adapter import InputAdapter, Planted
from shared.explain.explain import explain
from shared.explain.units import Target
from shared.training import Classifier

LEARNED = 512  # planted inputs that are learned
ROUNDS = 30  # through them, at most
ENOUGH = 0.97  # right on as many others, and learning ends


def learn(model: Classifier, adapter: InputAdapter, random: np.random.Generator) -> Classifier:
    """The network, trained on until it knows the evidence; norms and dropout as for answering."""
    model = copy.deepcopy(model)
    network = model.network.eval().requires_grad_()
    x, y = _together([adapter.plant(random) for _ in range(LEARNED)])
    held, label = _together([adapter.plant(random) for _ in range(64)])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(ROUNDS):
        with torch.no_grad():
            if (network(held).argmax(1) == label).float().mean() >= ENOUGH:
                break
        for part in torch.from_numpy(random.permutation(LEARNED)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(network(x[part]), y[part]).backward()
            optimizer.step()
    return model


def _together(planted: list[Planted]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.stack([each.example.x for each in planted]), torch.tensor([each.label for each in planted])


def pointing(
    model: Classifier, adapter: InputAdapter, methods: list[str], n: int, random: np.random.Generator
) -> dict[str, list[bool]]:
    """Whether each method's most relevant place is part of the evidence (Zhang et al. 2018, section 4.2).

    Asked on ``n`` planted inputs on which the network is right, out of four times as many at most.
    """
    hits: dict[str, list[bool]] = {name: [] for name in (*methods, "random")}
    for _ in range(4 * n):
        if len(hits["random"]) == n:
            break
        example, evidence, label = adapter.plant(random)
        with torch.no_grad():
            if int(model.network(example.x[None]).argmax()) != label:
                continue
        places = adapter.places(example)
        for name in hits:
            if name == "random":
                relevance = torch.from_numpy(random.random(places.shape))
            else:
                relevance = explain(model, example, name, Target(label), adapter).map[0].detach()
            best = relevance.masked_fill(~places, -torch.inf).argmax()
            hits[name].append(bool(evidence.flatten()[best]))
    return hits
