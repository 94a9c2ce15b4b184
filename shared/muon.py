"""Muon: steepest descent for filters, whose gradient is first made orthogonal."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

ITERATIONS = 3  # Jordan's number for small networks; singular values then lie about 1, not at it
EPSILON = 1e-7  # keeps zeros zeros
QUINTIC = (3.4445, -4.7750, 2.0315)  # the polynomial that lifts small singular values fastest (Jordan 2024)


def orthogonal(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """About U Vᵀ of the matrix's decomposition U S Vᵀ: the directions stay, the sizes become alike.

    By the iteration of Newton and Schulz in bfloat16: products of matrices alone, fast on every device.
    """
    x = matrix.bfloat16()
    x = x / (x.norm() + EPSILON)  # no singular value above 1, or the iteration runs away
    tall = x.size(0) > x.size(1)
    x = x.T if tall else x
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for the filters of convolutions, plain momentum for all other parameters.

    A gradient moves a few directions of a layer's filters much and most hardly at all; here all move alike,
    so that fewer passes over the data are needed (Jordan et al. 2024, "Muon: an optimizer for hidden layers
    in neural networks"; ``torch.optim.Muon`` takes matrices only). Before each step a layer's filters are
    brought to the norm √filters, of which ``lr`` is about the share that the step moves: for networks whose
    convolutions are followed by batch normalisation, to which the filters' size means nothing.

    Args:
        params: All of a network's parameters; those of four axes are filters.
        lr: Of the filters.
        momentum: Of the filters (Nesterov's, as of the rest).
        rest: Learning rate of the other parameters, as a multiple of ``lr``, so that schedules move both.
        rest_momentum: Theirs.
        weight_decay: Theirs, added to their gradients.

    Raises:
        ValueError: A number out of its range.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        *,
        lr: float,
        momentum: float,
        rest: float,
        rest_momentum: float,
        weight_decay: float,
    ):
        settings = {
            "lr": lr,
            "momentum": momentum,
            "rest": rest,
            "rest_momentum": rest_momentum,
            "weight_decay": weight_decay,
        }
        for name, value in settings.items():
            if not 0 <= value < (1 if "momentum" in name else math.inf):
                raise ValueError(f"{name}={value} is out of range")
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient once; the closure, called first, gives the loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    move = self._move_filters if parameter.ndim == 4 else self._move
                    move(parameter, parameter.grad, group)
        return loss

    def _move_filters(self, filters: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        update = self._nesterov(filters, gradient, group["momentum"])
        filters.mul_(len(filters) ** 0.5 / (filters.norm() + EPSILON))
        filters.sub_(orthogonal(update.flatten(1)).view(update.shape), alpha=group["lr"])

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        gradient = gradient.add(parameter, alpha=group["weight_decay"])
        update = self._nesterov(parameter, gradient, group["rest_momentum"])
        parameter.sub_(update, alpha=group["lr"] * group["rest"])

    def _nesterov(self, parameter: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        velocity = state["momentum_buffer"].mul_(momentum).add_(gradient)
        return gradient.add(velocity, alpha=momentum)
