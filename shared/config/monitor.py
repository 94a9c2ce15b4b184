"""The metric that decides the best checkpoint, patience, searches and the choice of a learning rate."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from omegaconf import DictConfig

ACCURACY = "val/acc"  # share of the validation examples that are classified correctly; every training logs it
Item = TypeVar("Item")


class Monitor(NamedTuple):
    """``training.monitor`` and ``training.mode``; the defaults are those of runs that lack these keys.

    Attributes:
        name: Of the metric.
        mode: ``max`` or ``min``: which value of it is best.
    """

    name: str = ACCURACY
    mode: str = "max"

    @classmethod
    def of(cls, config: DictConfig) -> "Monitor":
        """That of a training's configuration."""
        return cls(config.training.monitor, config.training.mode)

    def best(self, items: Iterable[Item], value: Callable[[Item], float]) -> Item:
        """The item of the best value, the first of equals."""
        return (max if self.mode == "max" else min)(items, key=value)

    def text(self, value: float) -> str:
        """A value for people: in per cent, unless it is a loss."""
        return f"{value:.4f}" if "loss" in self.name else f"{100 * value:.2f} %"
