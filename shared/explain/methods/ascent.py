"""Gradient ascent on an input inside the range that its adapter allows."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from shared.explain import Example, InputAdapter, Inputs, Shown

RATE = 0.03  # of the range, a step of Adam's


def ascend(
    start: Inputs, bounds: tuple[Tensor, Tensor], objective: Callable[[Inputs], Tensor], steps: int
) -> Inputs:
    """The best inputs on the way up from N starts, each optimised on its own.

    Steps are Adam's (Kingma & Ba 2015) in shares of the range; after each, what leaves the range is put back
    to its end. The objective (N,) is of each input.
    """
    low, high = (bound.expand_as(start[0]) for bound in bounds)
    width = (high - low).clamp(min=1e-12)
    share = ((start - low) / width).detach().clamp(0, 1).requires_grad_()
    optimizer = torch.optim.Adam([share], lr=RATE)
    best, best_x = torch.full((len(start),), -torch.inf, dtype=start.dtype), start.clone()
    for _ in range(steps + 1):
        x = low + share * width
        reached = objective(x)
        better = reached.detach() > best
        best = torch.where(better, reached.detach(), best)
        best_x = torch.where(better[:, None, None, None], x.detach(), best_x)
        optimizer.zero_grad()
        (-reached.sum()).backward()
        optimizer.step()
        with torch.no_grad():
            share.clamp_(0, 1)
    return best_x


def variation(x: Inputs, adapter: InputAdapter) -> Float[Tensor, " n"]:
    """Total variation: the mean distance of neighbouring places' values, in shares of the range."""
    low, high = adapter.bounds
    share = (x - low) / (high - low).clamp(min=1e-12)
    axes = [axis for axis in (2, 3) if axis - 1 not in adapter.collapse and x.size(axis) > 1]
    return torch.stack([share.diff(dim=axis).abs().mean((1, 2, 3)) for axis in axes]).mean(0)


def distance(x: Inputs, adapter: InputAdapter) -> Float[Tensor, " n"]:
    """The L1 norm of an input: the mean distance from the blank one, in shares of the range."""
    low, high = adapter.bounds
    blank = adapter.blank(Example(x[0].detach(), ""))
    return ((x - blank) / (high - low).clamp(min=1e-12)).abs().mean((1, 2, 3))


def noise(like: Inputs, adapter: InputAdapter, seed: int) -> Inputs:
    """Inputs about the blank one, normally distributed with 0.3 of the range, and clipped to it."""
    low, high = adapter.bounds
    random = torch.Generator().manual_seed(seed)
    drawn = torch.randn(like.shape, generator=random, dtype=like.dtype)
    blank = adapter.blank(Example(like[0], ""))
    return (blank + 0.3 * (high - low) * drawn).clamp(low, high)


def nearest_shown(exists: Example, reached: str) -> Shown:
    """The input that exists nearest to one that was made."""
    return Shown(exists, f"nearest that exists: {reached}\n{exists.name}")
