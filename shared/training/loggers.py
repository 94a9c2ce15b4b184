"""The loggers that a training may have: a function for each file of ``conf/logger``, named as its key.

They keep what they write in the run's folder. Where else it goes, the tool's own environment variables say,
never a configuration: that may come from a stranger.
"""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from pytorch_lightning.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities import rank_zero_only

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


LOGGERS = {make.__name__: make for make in (tensorboard, csv, wandb, mlflow, trackio)}


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise UserError(f"logger.{package}: must be installed; give: pip install {package}")


class Wandb(WandbLogger):
    """Ends the logger's run with the training, so that the next training of the process begins a new one."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write what is left."""
        super().finalize(status)
        if self._experiment is not None:
            self.experiment.finish(exit_code=int(status != "success"))
            self._experiment = None


def log_settings(loggers: Iterable[Logger], settings: dict[str, Any]) -> None:
    """Give the configuration to the loggers that show it; for the others, config.yaml holds it.

    Raises:
        UserError: A server cannot be reached or used.
    """
    for logger in loggers:
        if not isinstance(logger, TensorBoardLogger | CSVLogger):
            try:
                logger.log_hyperparams(settings)
            except Exception as error:  # the tools raise many kinds of their own
                reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
                raise UserError(f"logger: {type(logger).__name__} cannot be used: {reason}") from error


class Trackio(Logger):
    """Lightning's interface to Trackio, which Lightning does not know."""

    def __init__(self, run: Run, project: str):
        super().__init__()
        self._run, self._project, self._started = run, project, False

    @property
    def name(self) -> str:
        """Of the project."""
        return self._project

    @property
    def version(self) -> str:
        """Of the run."""
        return self._run.folder.name

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Begin the run, or continue it, with its settings."""
        import trackio

        trackio.init(project=self.name, name=self.version, config=dict(params), resume="allow", embed=False)
        self._started = True

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Log the metrics of a step."""
        import trackio

        trackio.log(metrics, step=step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the run."""
        import trackio

        if self._started:
            trackio.finish()
            self._started = False
