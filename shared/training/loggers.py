"""What a training may log and where: a function for each file of ``conf/logger`` and ``conf/callbacks``.

Loggers keep what they write in the run's folder. Where else it goes, the tool's own environment variables
say, never a configuration: that may come from a stranger.
"""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Literal

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, LearningRateMonitor
from pytorch_lightning.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities import grad_norm, rank_zero_only

from shared.errors import UserError
from shared.runs import Run


def tensorboard(run: Run) -> Logger:
    """Events in the run's folder."""
    return TensorBoardLogger(run.folder, name="", version="")


def csv(run: Run) -> Logger:
    """A table in the run's folder, a new one for each start: Lightning's would delete an older one."""
    return CSVLogger(run.folder, name="csv")


def wandb(run: Run, project: str, offline: bool) -> Logger:
    """Weights & Biases; a resumed run continues its curves."""
    _require("wandb")
    name = run.folder.name
    return Wandb(name, run.folder, project=project, offline=offline, id=name, resume="allow")


def mlflow(run: Run, experiment: str) -> Logger:
    """MLflow, where ``MLFLOW_TRACKING_URI`` says, else on a file store in the run's folder."""
    _require("mlflow")
    place = os.environ.get("MLFLOW_TRACKING_URI")
    if not place:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3 prefers a database
        place = f"file:{run.folder / 'mlruns'}"
    return MLFlowLogger(experiment, run.folder.name, tracking_uri=place)


def trackio(run: Run, project: str) -> Logger:
    """Trackio's local store."""
    _require("trackio")
    return Trackio(run, project)


def learning_rate(interval: Literal["step", "epoch"]) -> Callback:
    """The learning rate of each parameter group, as ``lr-NAME``."""
    return LearningRateMonitor(interval)


def gradient_norms(norm: float) -> Callback:
    """The norms of the gradients, as ``grad_NORM_norm/PARAMETER`` and ``grad_NORM_norm_total``."""
    return GradientNorms(norm)


LOGGERS = {make.__name__: make for make in (tensorboard, csv, wandb, mlflow, trackio)}
CALLBACKS = {make.__name__: make for make in (learning_rate, gradient_norms)}


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise UserError(f"logger.{package}: must be installed; give: pip install {package}")


def log_settings(loggers: Iterable[Logger], settings: dict[str, Any]) -> None:
    """Give the configuration to the loggers that show it; refuses those whose server cannot be used."""
    for logger in loggers:
        if not isinstance(logger, TensorBoardLogger | CSVLogger):
            try:
                logger.log_hyperparams(settings)
            except Exception as error:  # the tools raise many kinds of their own
                reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
                raise UserError(f"logger: {type(logger).__name__} cannot be used: {reason}") from error


class GradientNorms(Callback):
    """Logs the norms of the gradients, every ``trainer.log_every_n_steps`` steps."""

    def __init__(self, norm: float):
        self.norm = norm

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            for logger in trainer.loggers:
                logger.log_metrics(grad_norm(pl_module, self.norm), trainer.global_step)


class Wandb(WandbLogger):
    """Ends the logger's run with the training, so that the next training of the process begins a new one."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        super().finalize(status)
        if self._experiment is not None:
            self.experiment.finish(exit_code=int(status != "success"))
            self._experiment = None


class Trackio(Logger):
    """Lightning's interface to Trackio, which Lightning does not know."""

    name = ""
    version = ""

    def __init__(self, run: Run, project: str):
        super().__init__()
        self.name, self.version, self._started = project, run.folder.name, False

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Begin the run, or continue it, with its settings."""
        import trackio

        trackio.init(project=self.name, name=self.version, config=dict(params), resume="allow", embed=False)
        self._started = True

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        import trackio

        trackio.log(metrics, step=step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        import trackio

        if self._started:
            trackio.finish()
            self._started = False
