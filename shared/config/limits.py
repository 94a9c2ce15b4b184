"""Which values the keys of a training may have, as far as neither data nor a device is needed."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.errors import UserError


class Limit(NamedTuple):
    """A number's type and range.

    Attributes:
        low, high: the bounds, themselves allowed unless named in ``without``.
        without: ``low``, ``high`` or both.
        whole: whole numbers only.
        null: null is allowed too.
    """

    low: float = -math.inf
    high: float = math.inf
    without: str = ""
    whole: bool = False
    null: bool = False

    def allows(self, value: Any) -> bool:
        """Whether a value is within."""
        if value is None:
            return self.null
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        above = value > self.low if "low" in self.without else value >= self.low
        below = value < self.high if "high" in self.without else value <= self.high
        return above and below and math.isfinite(value)

    @property
    def words(self) -> str:
        """What a value must be."""
        kind = "a whole number" if self.whole else "a number"
        null = " or null" if self.null else ""
        if self.high == math.inf:
            return f"{kind} {'above' if 'low' in self.without else 'from'} {self.low:,}{null}"
        left, right = "(" if "low" in self.without else "[", ")" if "high" in self.without else "]"
        return f"{kind} in {left}{self.low:,}, {self.high:,}{right}{null}"


POSITIVE = Limit(0, without="low")
NOT_NEGATIVE = Limit(0)
DECAY = Limit(0, 1, "high")  # the share of the old that a running mean keeps
COUNT = Limit(1, whole=True)
LENGTH = Limit(1, whole=True, null=True)  # of a schedule; null: the training's

LIMITS: Mapping[str, Limit] = {
    "seed": Limit(0, 2**32 - 1, whole=True),
    "training.label_smoothing": Limit(0, 1, "high"),
    "training.ema": Limit(0, 1, "low high", null=True),
    "training.patience": LENGTH,
    "data.batch_size": COUNT,
    "data.epoch_size": LENGTH,
    "data.workers": Limit(0, whole=True),
    "optimizer.lr": POSITIVE,
    "optimizer.weight_decay": NOT_NEGATIVE,
    "optimizer.momentum": DECAY,
    "optimizer.dampening": Limit(0, 1),
    "optimizer.betas": DECAY,
    "optimizer.alpha": DECAY,
    "optimizer.eps": NOT_NEGATIVE,
    "optimizer.rest": NOT_NEGATIVE,
    "optimizer.rest_momentum": DECAY,
    "schedule.max_lr": POSITIVE,
    "schedule.eta_min": NOT_NEGATIVE,
    "schedule.factor": Limit(0, 1, "low"),
    "schedule.start_factor": Limit(0, 1, "low"),
    "schedule.end_factor": Limit(0, 1),
    "schedule.gamma": POSITIVE,
    "schedule.power": POSITIVE,
    "schedule.pct_start": Limit(0, 1, "high"),
    "schedule.div_factor": POSITIVE,
    "schedule.final_div_factor": POSITIVE,
    "schedule.base_momentum": DECAY,
    "schedule.max_momentum": DECAY,
    "schedule.total_steps": LENGTH,
    "schedule.T_max": LENGTH,
    "schedule.total_iters": LENGTH,
    "schedule.step_size": COUNT,
    "schedule.T_0": COUNT,
    "schedule.T_mult": COUNT,
    "schedule.milestones": COUNT,
}


def check_limits(values: Mapping[str, Any]) -> None:
    """Refuse values that are out of range.

    Args:
        values: by the full path of their keys, interpolations resolved.

    Raises:
        UserError: Naming the key, the value and the range.
    """
    for key, limit in LIMITS.items():
        if key not in values:
            continue
        value = values[key]
        several = isinstance(value, list) and key.startswith(("optimizer.", "schedule."))
        for number in value if several else [value]:
            if not limit.allows(number):
                raise UserError(f"{key}: must be {limit.words}, got {shown(value)}")


def shown(value: Any) -> str:
    """A value as it stands in a configuration."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
