"""What a training may log and where: a function for each file of ``conf/logger`` and ``conf/callbacks``.

Loggers keep what they write in the run's folder. Where else it goes, the tool's own environment variables
say, never a configuration: that may come from a stranger.

Each gets the configuration, the curves, the test metrics, and as ``log_pictures`` the plots, if it has that
method. A tracker that fails later than at its start is skipped: the results are in the run's folder too.
"""

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import yaml
from PIL import Image
from pytorch_lightning.callbacks import Callback, LearningRateMonitor
from pytorch_lightning.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities import grad_norm, rank_zero_only

from shared.config import print_line, stop_behind
from shared.errors import UserError
from shared.runs import Run


def tensorboard(run: Run) -> Logger:
    """Events in the run's folder."""
    return TensorBoard(run.folder, name="", version="")


def csv(run: Run) -> Logger:
    """A table in the run's folder, a new one for each start: Lightning's would delete an older one."""
    return CSVLogger(run.folder, name="csv")


def wandb(run: Run, project: str, offline: bool) -> Logger:
    """Weights & Biases; a resumed run continues its curves."""
    _require("wandb")
    import wandb

    # Nothing of the machine, of what is printed or of the code: the configuration says what was trained.
    settings = wandb.Settings(
        console="off", disable_code=True, disable_git=True, x_disable_meta=True, x_save_requirements=False
    )
    name = run.folder.name
    return Wandb(
        name, run.folder, project=project, offline=offline, id=name, resume="allow", settings=settings
    )


def mlflow(run: Run, experiment: str) -> Logger:
    """MLflow, where ``MLFLOW_TRACKING_URI`` says, else on a file store in the run's folder."""
    _require("mlflow")
    place = os.environ.get("MLFLOW_TRACKING_URI")
    if not place:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3 prefers a database
        place = f"file:{run.folder / 'mlruns'}"
    tags = {"mlflow.source.name": "train"}  # else the path of the script
    return MLFlow(experiment, run.folder.name, tracking_uri=place, tags=tags)


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
    """Give the configuration to the loggers; refuses those whose server cannot be used."""
    for logger in loggers:
        try:
            logger.log_hyperparams(settings)
        except Exception as error:  # the tools raise many kinds of their own
            if stop_behind(error):
                raise
            raise UserError(f"logger: {type(logger).__name__} cannot be used: {_reason(error)}") from error


def log_results(
    loggers: Iterable[Logger], metrics: Mapping[str, Any], pictures: Sequence[Path], step: int
) -> None:
    """Give the numbers of ``metrics.json`` that the test has measured, and the plots, to the loggers."""
    values = {
        name: float(value)
        for name, value in metrics.items()
        if name.startswith(("test/", "baseline/")) and not name.endswith("/n")
        if isinstance(value, int | float) and math.isfinite(value)
    }
    for logger in loggers:
        _forgiving(_log_results)(logger, values, pictures, step)


def _log_results(logger: Logger, values: dict[str, float], pictures: Sequence[Path], step: int) -> None:
    if values:
        logger.log_metrics(values, step)
    if hasattr(logger, "log_pictures"):
        logger.log_pictures(pictures, step)
    logger.save()


@contextmanager
def ending(loggers: Sequence[Logger]) -> Iterator[None]:
    """End the loggers, which stay open after a training's success, once its results are logged."""
    status = "failed"
    try:
        yield
        status = "finished"
    finally:
        for logger in loggers:
            _forgiving(type(logger).finalize)(logger, status)


def _forgiving(method: Callable[..., None]) -> Callable[..., None]:
    """A logger's method after which, once it has failed, the training goes on without the logger."""

    @wraps(method)
    def call(logger: Any, *args: Any, **kwargs: Any) -> None:
        if getattr(logger, "has_failed", False):
            return
        try:
            method(logger, *args, **kwargs)
        except Exception as error:  # the tools raise many kinds of their own
            if stop_behind(error):
                raise
            logger.has_failed = True
            without = "the training goes on without it; its results are in the run's folder"
            print_line(f"logger: {type(logger).__name__} has failed: {_reason(error)}; {without}", error=True)

    return call


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


class GradientNorms(Callback):
    """Logs the norms of the gradients, every ``trainer.log_every_n_steps`` steps."""

    def __init__(self, norm: float):
        self.norm = norm

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            for logger in trainer.loggers:
                logger.log_metrics(grad_norm(pl_module, self.norm), trainer.global_step)


class TensorBoard(TensorBoardLogger):
    """Shows the configuration as a text."""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        text = yaml.safe_dump(params, sort_keys=False, allow_unicode=True)
        self.experiment.add_text("configuration", "".join(f"    {line}\n" for line in text.splitlines()))

    @rank_zero_only
    def log_pictures(self, pictures: Sequence[Path], step: int) -> None:
        for path in pictures:
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            self.experiment.add_image(path.stem, pixels, step, dataformats="HWC")


class Wandb(WandbLogger):
    """Ends the logger's run with the training, so that the next training of the process begins a new one."""

    log_metrics = _forgiving(WandbLogger.log_metrics)

    @rank_zero_only
    def log_pictures(self, pictures: Sequence[Path], step: int) -> None:
        for path in pictures:
            self.log_image(path.stem, [str(path)], step)

    @_forgiving
    @rank_zero_only
    def finalize(self, status: str) -> None:
        if status != "success" and self._experiment is not None:  # after success, the test's results follow
            self.experiment.finish(exit_code=int(status == "failed"))
            self._experiment = None


class MLFlow(MLFlowLogger):
    """Names metrics as MLflow allows, and keeps plots as artifacts."""

    finalize = _forgiving(MLFlowLogger.finalize)

    @_forgiving
    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        super().log_metrics(
            {re.sub(r"[^\w/. -]", "-", key, flags=re.ASCII): metrics[key] for key in metrics}, step
        )

    @rank_zero_only
    def log_pictures(self, pictures: Sequence[Path], step: int) -> None:
        for path in pictures:
            self.experiment.log_artifact(self.run_id, str(path))


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

    @_forgiving
    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        import trackio

        trackio.log(metrics, step=step)

    @rank_zero_only
    def log_pictures(self, pictures: Sequence[Path], step: int) -> None:
        import trackio

        trackio.log({path.stem: trackio.Image(str(path)) for path in pictures}, step=step)

    @_forgiving
    @rank_zero_only
    def finalize(self, status: str) -> None:
        import trackio

        if status != "success" and self._started:  # after success, the test's results follow
            trackio.finish()
            self._started = False
