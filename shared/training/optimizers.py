"""From a name in a configuration to a call: each role has its list of what may be named."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.optim import lr_scheduler

from shared.config import check_arguments
from shared.errors import UserError, nearest
from shared.training.muon import Muon

# A run folder may come from a stranger. Nothing here takes code, a path or a place to write to.
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "torch.optim.Adadelta": torch.optim.Adadelta,
    "torch.optim.Adagrad": torch.optim.Adagrad,
    "torch.optim.Adam": torch.optim.Adam,
    "torch.optim.AdamW": torch.optim.AdamW,
    "torch.optim.Adamax": torch.optim.Adamax,
    "torch.optim.NAdam": torch.optim.NAdam,
    "torch.optim.RAdam": torch.optim.RAdam,
    "torch.optim.RMSprop": torch.optim.RMSprop,
    "torch.optim.SGD": torch.optim.SGD,
    "shared.muon.Muon": Muon,
}
# Without those that take functions (LambdaLR, CyclicLR), schedules (SequentialLR) or a metric.
SCHEDULES: dict[str, Callable[..., Any]] = {
    "torch.optim.lr_scheduler.ConstantLR": lr_scheduler.ConstantLR,
    "torch.optim.lr_scheduler.CosineAnnealingLR": lr_scheduler.CosineAnnealingLR,
    "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts": lr_scheduler.CosineAnnealingWarmRestarts,
    "torch.optim.lr_scheduler.ExponentialLR": lr_scheduler.ExponentialLR,
    "torch.optim.lr_scheduler.LinearLR": lr_scheduler.LinearLR,
    "torch.optim.lr_scheduler.MultiStepLR": lr_scheduler.MultiStepLR,
    "torch.optim.lr_scheduler.OneCycleLR": lr_scheduler.OneCycleLR,
    "torch.optim.lr_scheduler.PolynomialLR": lr_scheduler.PolynomialLR,
    "torch.optim.lr_scheduler.StepLR": lr_scheduler.StepLR,
}


def build(
    role: str, legal: Mapping[str, Callable[..., Any]], settings: Mapping[str, Any], **more: Any
) -> Any:
    """Call the one of ``legal`` that ``_target_`` names, with the other settings and ``more`` as arguments.

    Args:
        role: the configuration's key that holds the settings, such as ``optimizer``.
        legal: all that may stand in this role, by name.
        settings: plain values.
        more: arguments that no configuration can give.

    Raises:
        UserError: Another name, or settings that the callable does not take.
    """
    name = settings.get("_target_")
    if not isinstance(name, str) or name not in legal:
        raise UserError(
            f"{role}._target_: must be one of {', '.join(legal)}, got {str(name)[:80]!r}; "
            + nearest(str(name)[:80], list(legal))
        )
    arguments = {key: value for key, value in settings.items() if key != "_target_"}
    check_arguments(legal[name], arguments, role, filled=more)
    try:
        return legal[name](**arguments, **more)
    except (TypeError, ValueError) as error:
        settled = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise UserError(f"{role}: {name} with {settled}: {error}") from error
