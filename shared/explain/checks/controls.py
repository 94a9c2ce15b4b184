"""Negative controls, which each check has to refuse: maps that read no weight, networks that know nothing."""

import copy
from collections.abc import Callable, Collection

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Input
from shared.network import Network

FAINT = 0.05  # of an input's or a tensor's deviation: noise that should change no map much


def edges(adapter: InputAdapter, example: Example, random: np.random.Generator) -> Float[Tensor, "a1 a2"]:
    """The edges of an input with faint noise."""
    x = _with_noise(example.x, random)
    total = torch.zeros_like(x)
    for axis in (1, 2):
        if axis not in adapter.collapse and x.size(axis) > 1:
            steps = x.diff(dim=axis).abs()
            total.narrow(axis, 1, steps.size(axis)).add_(steps)
    return adapter.signed(total)[0]


def distance(adapter: InputAdapter, example: Example, random: np.random.Generator) -> Float[Tensor, "a1 a2"]:
    """How far each place is from the blank input's: in a picture its brightness."""
    return adapter.signed((_with_noise(example.x, random) - adapter.blank(example)).abs())[0]


def noise(adapter: InputAdapter, example: Example, random: np.random.Generator) -> Float[Tensor, "a1 a2"]:
    """A random number for each place."""
    return torch.from_numpy(random.random(adapter.places(example).shape))


def nothing(adapter: InputAdapter, example: Example, random: np.random.Generator) -> Float[Tensor, "a1 a2"]:
    """Zeros."""
    return torch.zeros(adapter.places(example).shape)


def _with_noise(x: Input, random: np.random.Generator) -> Input:
    return x + FAINT * x.std() * torch.from_numpy(random.standard_normal(x.shape)).to(x)


BLIND: dict[str, Callable[[InputAdapter, Example, np.random.Generator], Tensor]] = {
    "edges of the input": edges, "distance from the blank input": distance, "noise": noise, "zeros": nothing,
}  # fmt: skip


def randomised(network: Network, seed: int, layers: Collection[str] | None = None) -> Network:
    """A copy with weights drawn anew, of some layers or of all.

    Each tensor keeps its mean and its deviation.
    """
    random = torch.Generator().manual_seed(seed)
    other = copy.deepcopy(network)
    with torch.no_grad():
        for name, weight in other.named_parameters():
            drawn = torch.randn(weight.shape, generator=random, dtype=weight.dtype)
            if layers is None or any(name.startswith(f"{layer}.") for layer in layers):
                weight.copy_(weight.mean() + weight.std(correction=0) * drawn)
    return other


def perturbed(network: Network, random: np.random.Generator) -> Network:
    """A copy with faint noise in every weight."""
    other = copy.deepcopy(network)
    with torch.no_grad():
        for weight in other.parameters():
            drawn = torch.from_numpy(random.standard_normal(weight.shape)).to(weight)
            weight.add_(FAINT * weight.std(correction=0) * drawn)
    return other
