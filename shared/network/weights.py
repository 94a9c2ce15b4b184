"""Weights and optimizer states of unknown origin, put into a module only where they fit."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from shared.errors import UserError

SCALARS = ("step", "mu_product")  # of an optimizer's state: one number a parameter
Made = TypeVar("Made", bound=nn.Module)


def check_optimizer_state(optimizer: torch.optim.Optimizer) -> None:
    """Refuse a state that is not of the optimizer's parameters: fused steps read memory by their size."""
    for parameter in (weight for group in optimizer.param_groups for weight in group["params"]):
        for name, value in optimizer.state.get(parameter, {}).items():
            if not isinstance(value, Tensor):
                continue
            shape = torch.Size() if name in SCALARS else parameter.shape
            dense = torch.ops.aten.is_non_overlapping_and_dense(value)
            if value.shape != shape or not dense or not value.is_floating_point():
                wrong = f"{tuple(value.shape)} of {value.dtype}"
                raise UserError(f"optimizer_states.{name}: must be of shape {tuple(shape)}, got {wrong}")


def with_weights(
    make: Callable[[], Made], state_dict: Mapping[str, Tensor], *, diverged: bool = False
) -> Made:
    """The module that ``make`` builds from settings of unknown origin, with these weights.

    It is made without memory first: settings of few bytes may describe a network of many gigabytes.
    ``diverged`` accepts weights that are no numbers, as a training that diverged leaves them.

    Raises:
        UserError: The settings describe no network, or one of other weights; names the first that differs.
    """
    try:
        with torch.device("meta"):
            shapes = dict(make().state_dict())
    except RuntimeError as error:  # of sizes beyond what an index can count
        raise UserError(f"hyper_parameters: no network ({str(error).splitlines()[0][:200]})") from error
    for name in dict.fromkeys((*shapes, *state_dict)):
        given, own = state_dict.get(name), shapes.get(name)
        if given is None or own is None or given.shape != own.shape:
            here, there = ("missing" if x is None else f"{tuple(x.shape)}" for x in (own, given))
            raise UserError(f"state_dict.{name[:80]}: must be {here} by hyper_parameters, but is {there}")
        if given.is_complex() or given.is_floating_point() != own.is_floating_point():
            raise UserError(f"state_dict.{name[:80]}: must be of {own.dtype}, got {given.dtype}")
        if not diverged and not given.isfinite().all():
            raise UserError(f"state_dict.{name[:80]}: must be finite: the training diverged; lower its rate")
    module = make()
    module.load_state_dict(state_dict)
    return module
