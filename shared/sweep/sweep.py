"""The search from its configuration to its best settings, and its trials: runs that may be pruned."""

import contextlib
import traceback
import warnings
from pathlib import Path

import optuna
import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial, TrialState
from pytorch_lightning.callbacks import Callback

from shared.commands import SAME, digest, train_once
from shared.config import Monitor, Stopped, check_training, compose, overrides, plain
from shared.errors import PlaceError, UserError, require_int
from shared.files import InUseError
from shared.runs import runs_in, take_settings
from shared.sweep.progress import SweepProgress, best
from shared.sweep.report import report
from shared.sweep.space import Space
from shared.sweep.study import STORAGE_FAILURES, Study, storage_failures


def sweep(config: DictConfig, words: list[str] | None = None) -> Study:
    """Search ``config.sweep.space`` with ``config.n_trials`` trials in all, and write the results.

    The study's folder ``<runs>/sweep/<name>-<hash>`` follows from the settings: the same command, started
    again or several times at once, works on the same study.

    A trial is composed from the overrides ``words`` of ``config``, those of this command by default, and its
    own.

    Raises:
        UserError: The space, the storage or the folder cannot be used, or no trial could be trained.
        Stopped: By a signal; the results so far are written.
    """
    require_int("n_trials", config.n_trials, 1)
    if config.trainer.devices != 1:
        raise UserError(
            f"trainer.devices: must be 1, got {config.trainer.devices}; start the command once per device"
        )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    words = overrides() if words is None else words
    space = Space(
        plain(config.sweep.space) if config.sweep.space else {},
        lambda chosen: training(_compose([*words, *chosen])),
    )
    for word in words:
        if (key := word.split("=")[0].lstrip("+~")) in space.values:
            raise UserError(f"{key}: must not be set, got {word}; sweep.space searches it")
    choices, monitor = config.sweep, Monitor.of(config)
    study = Study(folder_of(config), config.storage, choices.sampler, choices.pruner, config.seed, monitor)
    with storage_failures():
        try:
            with SweepProgress(study, config.n_trials) as progress:
                while claimed := study.claim(config.n_trials):
                    trial, lock = claimed
                    try:
                        progress.begin(trial.number, again=bool(trial.params))
                        progress.end(run_trial(trial, space, study.place(trial.number), progress))
                    finally:
                        lock.release()
        except KeyboardInterrupt as stop:
            raise Stopped.saying(f"\nstopped; {SAME}", stop) from None
        finally:
            report(study, space, words, config.figures)
    if best(study.trials(), monitor) is None and not study.trials(TrialState.RUNNING):
        raise UserError(f"no trial could be trained; {study.folder / 'trials.csv'} has the reasons")
    return study


def run_trial(trial: optuna.Trial, space: Space, folder: Path, progress: SweepProgress) -> FrozenTrial:
    """Train with the trial's values, and report the result to the study.

    The trial's value is the best of its epochs; the test set is not used. The training prints to
    ``output.txt`` in the trial's folder. A trial that cannot be trained fails with its reason, and the search
    continues; where a signal, a full disk, the storage or another process stops it, it is resumed next time.
    """
    try:
        config = space.configure(trial)
        config.runs, config.test = str(folder), False
        config.trainer.enable_progress_bar = False  # the search has a bar of its own
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
    for key in ("run", "epochs", "params", "cpu_seconds"):
        trial.set_user_attr(key, metrics[key])
    if trial.user_attrs.get("pruned"):
        return trial.study.tell(trial, state=TrialState.PRUNED)
    return trial.study.tell(trial, metrics[progress.study.monitor.name])


class Pruning(Callback):
    """Reports the metric of each epoch, and ends the training, as others end, where the pruner says so."""

    def __init__(self, trial: optuna.Trial, progress: SweepProgress):
        self.trial, self.progress, self.monitor = trial, progress, progress.study.monitor
        self.reported = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Train no epoch more where a trial was pruned, and stopped before its end was reported."""
        if self.trial.user_attrs.get("pruned") and max(self.reported) < trainer.current_epoch:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """An epoch that is repeated after a kill is reported once."""
        epoch, epochs = trainer.current_epoch, trainer.max_epochs
        if epoch not in self.reported:
            self.trial.report(float(trainer.callback_metrics[self.monitor.name]), epoch)
        self.progress.epoch(self.trial.number, epoch + 1, epochs)
        if epoch + 1 != epochs and self.trial.should_prune():
            self.trial.set_user_attr("pruned", True)
            trainer.should_stop = True


def _compose(words: list[str]) -> DictConfig:
    config = compose("sweep", words)
    take_settings(config, words)
    return config


def folder_of(config: DictConfig) -> Path:
    """The folder of a study; it depends on all settings but ``n_trials``, ``storage`` and ``runs``."""
    settings = plain(_without(config, "n_trials", "storage", "runs"))
    chosen = str(config.choices.sweep or config.domain.name).replace("/", "-")
    return Path(config.runs).absolute() / "sweep" / f"{chosen}-{digest(settings)}"


def training(config: DictConfig) -> DictConfig:
    """The part of the configuration that a training has."""
    return _without(config, "n_trials", "storage", "sweep")


def _without(config: DictConfig, *keys: str) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key not in keys])
