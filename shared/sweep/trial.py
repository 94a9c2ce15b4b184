"""One trial of a search: a run that reports its validation accuracy, and may be pruned."""

import contextlib
import traceback
from pathlib import Path

import optuna
import pytorch_lightning as pl
from omegaconf import DictConfig
from optuna.trial import FrozenTrial, TrialState
from pytorch_lightning.callbacks import Callback

from shared.commands import train_once
from shared.config import check_training
from shared.errors import PlaceError, UserError
from shared.files import InUseError
from shared.runs import runs_in
from shared.sweep.progress import SweepProgress
from shared.sweep.space import Space
from shared.sweep.study import STORAGE_FAILURES


class Pruning(Callback):
    """Reports the metric of each epoch, and ends the training where the study's pruner says so.

    The run ends as others do, with its metrics and its best checkpoint.
    """

    def __init__(self, trial: optuna.Trial, progress: SweepProgress):
        self.trial, self.progress, self.monitor = trial, progress, progress.study.monitor
        self.reported = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """An epoch that is repeated after a kill is reported once."""
        epoch, epochs = trainer.current_epoch, trainer.max_epochs
        if epoch not in self.reported:
            self.trial.report(float(trainer.callback_metrics[self.monitor.name]), epoch)
        self.progress.epoch(self.trial.number, epoch + 1, epochs)
        if epoch + 1 != epochs and self.trial.should_prune():
            self.trial.set_user_attr("pruned", True)
            trainer.should_stop = True


def run_trial(trial: optuna.Trial, space: Space, folder: Path, progress: SweepProgress) -> FrozenTrial:
    """Train with the trial's values, and report the result to the study.

    The trial's value is the best of its epochs; the test set is not used. The training prints to
    ``output.txt`` in the trial's folder. A trial that cannot be trained fails with its reason, and the search
    continues.

    Raises:
        Stopped: By a signal; the trial is resumed next time.
        InUseError: Another process works on the trial's run, such as ``train.py resume=…``.
        PlaceError, SQLAlchemyError, StorageInternalError: No trial can run; this one is resumed.
    """
    try:
        config = trial_config(trial, space, folder)
        check_training(config)
        with (folder / "output.txt").open("a") as output, contextlib.redirect_stdout(output):
            metrics = train_once(config, [Pruning(trial, progress)])
    except (InUseError, PlaceError, *STORAGE_FAILURES):
        raise
    except Exception as error:  # any result of the settings, such as too little memory
        if not isinstance(error, UserError):
            (folder / "traceback.txt").write_text(traceback.format_exc())
        reason = error.args[0] if isinstance(error, UserError) else repr(error)
        trial.set_user_attr("error", reason)
        trial.set_user_attr("run", next((str(run.folder) for run in runs_in(folder)), None))
        return trial.study.tell(trial, state=TrialState.FAIL)
    trial.set_user_attr("run", metrics["run"])
    for key in ("epochs", "params", "cpu_seconds"):
        trial.set_user_attr(key, metrics[key])
    if trial.user_attrs.get("pruned"):
        return trial.study.tell(trial, state=TrialState.PRUNED)
    return trial.study.tell(trial, metrics[progress.study.monitor.name])


def trial_config(trial: optuna.Trial, space: Space, folder: Path) -> DictConfig:
    """The configuration of a trial's training."""
    config = space.configure(trial)
    config.runs = str(folder)
    config.test = False
    config.trainer.enable_progress_bar = False  # the search has a bar of its own
    return config
