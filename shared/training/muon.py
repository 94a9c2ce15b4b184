"""Muon: steepest descent for filters, whose gradient is first made orthogonal."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from shared.config import Below, NotNegative

ITERATIONS = 3  # Jordan's number for small networks; singular values then lie about 1, not at it
EPSILON = 1e-7  # keeps zeros zeros
QUINTIC = (3.4445, -4.7750, 2.0315)  # the polynomial that lifts small singular values fastest (Jordan 2024)

Tensors = list[Tensor] | tuple[Tensor, ...]


def orthogonal(matrices: Float[Tensor, "n rows columns"]) -> Float[Tensor, "n rows columns"]:
    """About U Vᵀ of each matrix's decomposition U S Vᵀ: singular values become about equal.

    By the iteration of Newton and Schulz in bfloat16: products of matrices alone, fast on every device.
    """
    x = matrices.bfloat16()
    # No singular value above 1, where the iteration would diverge.
    x = x / (_norms(x.unbind()).view(-1, 1, 1) + EPSILON)
    tall = x.size(1) > x.size(2)
    x = x.mT if tall else x
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).to(matrices.dtype)


def _norms(tensors: Tensors) -> Float[Tensor, " n"]:
    return torch.stack(torch._foreach_norm(tensors))


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for the filters of convolutions, plain momentum for all other parameters.

    A gradient moves a few directions of a layer's filters much and most hardly at all; here all move alike,
    so that fewer passes over the data are needed (Jordan et al. 2024, "Muon: an optimizer for hidden layers
    in neural networks"; ``torch.optim.Muon`` takes matrices only). Before each step a layer's filters are
    brought to the norm √filters, of which ``lr`` is about the share that the step moves: for networks whose
    convolutions are followed by batch normalisation, to which the filters' size means nothing.

    Of ``params``, all of a network's, those of four axes are filters; ``lr`` and ``momentum`` (Nesterov's)
    are theirs. ``rest`` is the learning rate of the others, as a multiple of ``lr``, so that schedules move
    both; ``rest_momentum`` and ``weight_decay``, added to their gradients, are the others' too.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        *,
        lr: NotNegative,
        momentum: Below,
        rest: NotNegative,
        rest_momentum: Below,
        weight_decay: NotNegative,
    ):
        settings = {
            "lr": lr,
            "momentum": momentum,
            "rest": rest,
            "rest_momentum": rest_momentum,
            "weight_decay": weight_decay,
        }
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient once; the closure, called first, gives the loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape if parameter.ndim == 4 else torch.Size()].append(parameter)
            for shape, parameters in alike.items():
                move = self._move_filters if shape else self._move
                move(parameters, [parameter.grad for parameter in parameters], group)
        return loss

    # Many parameters at a time: on an accelerator each operation costs as much to start as it takes.

    def _move_filters(self, filters: list[Tensor], gradients: list[Any], group: dict[str, Any]) -> None:
        """Of several layers, all of one shape."""
        updates = self._nesterov(filters, gradients, group["momentum"])
        shape = filters[0].shape
        torch._foreach_mul_(filters, (len(filters[0]) ** 0.5 / (_norms(filters) + EPSILON)).unbind())
        steps = orthogonal(torch.stack([update.flatten(1) for update in updates]))
        torch._foreach_sub_(filters, [step.view(shape) for step in steps], alpha=group["lr"])

    def _move(self, parameters: list[Tensor], gradients: list[Any], group: dict[str, Any]) -> None:
        decayed = torch._foreach_add(gradients, parameters, alpha=group["weight_decay"])
        updates = self._nesterov(parameters, decayed, group["rest_momentum"])
        torch._foreach_sub_(parameters, updates, alpha=group["lr"] * group["rest"])

    def _nesterov(self, parameters: list[Tensor], gradients: Tensors, momentum: float) -> Tensors:
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        velocities = [self.state[parameter]["momentum_buffer"] for parameter in parameters]
        torch._foreach_mul_(velocities, momentum)
        torch._foreach_add_(velocities, gradients)
        return torch._foreach_add(gradients, velocities, alpha=momentum)
