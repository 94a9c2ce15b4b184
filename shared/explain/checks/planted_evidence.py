"""Planted evidence: a network learns to decide by it, and each method should point at it."""

import copy
from collections import defaultdict
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.explain import InputAdapter, Inputs, Planted, Target
from shared.explain.checks.base import Measure, Subject, check, share_of
from shared.network import Network

BATCH = 32  # planted inputs of a step
STEPS = 600  # at most
HELD = 100  # other planted inputs, every EVERY steps: their accuracy ends the training
EVERY = 50
ENOUGH = 0.97
TRIED = 6  # times N planted inputs, until the network decided N by their evidence


def learn(subject: Subject) -> Network:
    """A copy of the network, trained until it uses the evidence, and has no answer without it.

    Norms and dropout are as in prediction.
    """
    adapter = subject.adapter
    network = copy.deepcopy(adapter.module.network).eval().requires_grad_()

    def planted(n: int) -> tuple[Inputs, Tensor, Inputs]:
        made = [adapter.plant(subject.random) for _ in range(n)]
        adapter.turn_to(made[0].example)
        without = torch.stack([one.without.x for one in made])
        return (
            torch.stack([one.example.x for one in made]),
            torch.tensor([one.label for one in made]),
            without,
        )

    held, labels, _ = planted(HELD)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    with subject.with_network(network):
        for step in range(STEPS):
            if step % EVERY == 0 and (adapter.logits(held).argmax(1) == labels).float().mean() >= ENOUGH:
                break
            x, y, without = planted(BATCH)
            optimizer.zero_grad()
            known = F.cross_entropy(adapter.network(x), y)
            (known - adapter.network(without).log_softmax(1).mean()).backward()
            optimizer.step()
    return network.requires_grad_(False)


@check
def planted(subject: Subject) -> Iterator[Measure]:
    """How often each method points at evidence planted in an input (Zhang et al. 2018, section 4.2).

    That is, its most relevant place is part of the evidence: on N planted inputs that the network decides by
    it. Controls, and the methods on randomised weights, get the same inputs. To a map that does not know it,
    the evidence is one of 1 + decoys of its kind.
    """
    adapter = subject.adapter
    network, hits = learn(subject), defaultdict(list)
    for one in (adapter.plant(subject.random) for _ in range(TRIED * subject.n)):
        target, places = Target(one.label), adapter.places(one.example)
        with subject.with_network(network):
            if not decided(adapter, one):
                continue
            maps = subject.maps(one.example, target)
        with subject.with_network(subject.randomised):
            unlearned = subject.maps(one.example, target, controls=False)
        maps |= {f"{name} of a network that learned nothing": found for name, found in unlearned.items()}
        for name, relevance in maps.items():
            top = places & (relevance >= relevance[places].max())
            hits[name].append(float(one.evidence[top].float().mean()))
        if len(hits[name]) == subject.n:
            break
    check = f"planted evidence (by chance {1 / (1 + adapter.decoys):.0%} at most)"
    yield from subject.judge(check, {name: share_of(values) for name, values in hits.items()})
    if not hits:
        yield Measure(check, "the network learned it", share_of([0.0]))


def decided(adapter: InputAdapter, one: Planted) -> bool:
    """Whether the network is right, and with a decoy in the evidence's place is not half as sure."""
    answer = adapter.answer(one.example)  # turns to the example
    both = adapter.logits(torch.stack([one.example.x, one.without.x])).softmax(1)[:, one.label].tolist()
    return answer == one.label and both[1] < both[0] / 2
