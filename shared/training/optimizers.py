"""From a name in a configuration to a call: each role has its list of what may be named."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import optim
from torch.optim import lr_scheduler as schedules

from shared.config import check_arguments
from shared.errors import UserError, nearest
from shared.training.muon import Muon

# A run folder may come from a stranger. Nothing here takes code, a path or a place to write to.
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    f"torch.optim.{kind.__name__}": kind
    for kind in (
        *(optim.Adadelta, optim.Adagrad, optim.Adam, optim.AdamW, optim.Adamax),
        *(optim.NAdam, optim.RAdam, optim.RMSprop, optim.SGD),
    )
} | {"shared.muon.Muon": Muon}
# Without those that take functions (LambdaLR, CyclicLR), schedules (SequentialLR) or a metric.
SCHEDULES: dict[str, Callable[..., Any]] = {
    f"torch.optim.lr_scheduler.{kind.__name__}": kind
    for kind in (
        *(schedules.ConstantLR, schedules.CosineAnnealingLR, schedules.CosineAnnealingWarmRestarts),
        *(schedules.ExponentialLR, schedules.LinearLR, schedules.MultiStepLR, schedules.OneCycleLR),
        *(schedules.PolynomialLR, schedules.StepLR),
    )
}


def build(
    role: str, legal: Mapping[str, Callable[..., Any]], settings: Mapping[str, Any], **more: Any
) -> Any:
    """Call the one of ``legal`` that ``_target_`` names, with the other settings as arguments.

    Refuses other names, and settings that the callable does not take.

    Args:
        role: The configuration's key that holds the settings, such as ``optimizer``.
        legal: All that may stand in this role, by name.
        settings: Plain values.
        more: Arguments that no configuration can give.
    """
    arguments = dict(settings)
    name = arguments.pop("_target_", None)
    if not isinstance(name, str) or name not in legal:
        short = str(name)[:80]
        close = nearest(short, list(legal))
        raise UserError(f"{role}._target_: must be one of {', '.join(legal)}, got {short!r}; {close}")
    check_arguments(legal[name], arguments, role, filled=more)
    try:
        return legal[name](**arguments, **more)
    except (TypeError, ValueError) as error:
        settled = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise UserError(f"{role}: {name} with {settled}: {error}") from error
