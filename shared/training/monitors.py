"""What a training may log beside its metrics: a function for each file of ``conf/callbacks``."""

from typing import Literal

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, LearningRateMonitor
from pytorch_lightning.utilities import grad_norm
from torch.optim import Optimizer


def learning_rate(interval: Literal["step", "epoch"]) -> Callback:
    """The learning rate of each parameter group, as ``lr-NAME``."""
    return LearningRateMonitor(interval)


def gradient_norms(norm: float) -> Callback:
    """The norms of the gradients, as ``grad_NORM_norm/PARAMETER`` and ``grad_NORM_norm_total``."""
    return GradientNorms(norm)


CALLBACKS = {make.__name__: make for make in (learning_rate, gradient_norms)}


class GradientNorms(Callback):
    """Logs the norms of the gradients, every ``trainer.log_every_n_steps`` steps."""

    def __init__(self, norm: float):
        self.norm = norm

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Log them."""
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            for logger in trainer.loggers:
                logger.log_metrics(grad_norm(pl_module, self.norm), trainer.global_step)
