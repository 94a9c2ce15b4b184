"""Planted evidence: a network learns to decide by it, and each method should point at it."""

import copy

import numpy as np
import torch
import torch.nn.functional as F

from shared.explain.adapter import InputAdapter, Planted
from shared.explain.checks.base import Subject
from shared.explain.units import Target
from shared.training import Classifier

LEARNED = 512  # planted inputs to learn from
ROUNDS = 30  # through them, at most
ENOUGH = 0.97  # accuracy on other planted inputs that ends the training


def learn(model: Classifier, adapter: InputAdapter, random: np.random.Generator) -> Classifier:
    """The network, trained further until it uses the evidence; norms and dropout as in prediction."""
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
    return torch.stack([item.example.x for item in planted]), torch.tensor([item.label for item in planted])


def pointing(subject: Subject, random: np.random.Generator) -> dict[str, list[bool]]:
    """Whether each method's most relevant place is part of the evidence (Zhang et al. 2018, section 4.2).

    On N planted inputs on which the network is right, out of at most 4 N.
    """
    hits: dict[str, list[bool]] = {
        name: [] for name in [*(method.name for method in subject.methods), "random"]
    }
    for _ in range(4 * subject.n):
        if len(hits["random"]) == subject.n:
            break
        example, evidence, label = subject.adapter.plant(random)
        if subject.answer(example) != label:
            continue
        places = subject.adapter.places(example)
        maps = subject.maps(example, Target(label))
        maps["random"] = torch.from_numpy(random.random(places.shape))
        for name, relevance in maps.items():
            best = relevance.masked_fill(~places, -torch.inf).argmax()
            hits[name].append(bool(evidence.flatten()[best]))
    return hits
