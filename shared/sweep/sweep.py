"""The search from its configuration to its best settings."""

import hashlib
import json
import warnings
from pathlib import Path

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.trial import TrialState

from shared.commands import SAME
from shared.config import Monitor, Stopped, compose, overrides, plain
from shared.errors import UserError, require_int
from shared.sweep.progress import SweepProgress, best
from shared.sweep.report import report
from shared.sweep.space import Space
from shared.sweep.study import Study, storage_failures
from shared.sweep.trial import run_trial


def sweep(config: DictConfig, words: list[str] | None = None) -> Study:
    """Search ``config.sweep.space`` with ``config.n_trials`` trials in all, and write the results.

    The study's folder ``<runs>/sweep/<name>-<hash>`` follows from the settings: the same command, started
    again or several times at once, works on the same study.

    Args:
        config: As in ``conf/sweep.yaml``.
        words: Overrides that it was composed from, those of this command by default; a trial is composed from
            them and its own.

    Raises:
        UserError: The space, the storage or the folder cannot be used, or no trial could be trained.
        Stopped: By a signal; the results so far are written.
    """
    require_int("n_trials", config.n_trials, 1)
    if config.trainer.devices != 1:
        raise UserError(
            f"trainer.devices: must be 1, got {config.trainer.devices}; start the command once per device"
        )
    _quiet()
    words = overrides() if words is None else words
    space = Space(
        plain(config.sweep.space) if config.sweep.space else {},
        lambda chosen: training(compose("sweep", [*words, *chosen])),
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
            report(study, space, config, words)
    if best(study.trials(), monitor) is None and not study.trials(TrialState.RUNNING):
        raise UserError(f"no trial could be trained; {study.folder / 'trials.csv'} has the reasons")
    return study


def folder_of(config: DictConfig) -> Path:
    """The folder of a study; it depends on all settings but ``n_trials``, ``storage`` and ``runs``."""
    settings = OmegaConf.masked_copy(
        config, [str(key) for key in config if key not in ("n_trials", "storage", "runs")]
    )
    text = json.dumps(OmegaConf.to_container(settings, resolve=True), sort_keys=True)
    chosen = str(config.choices.sweep or config.domain.name).replace("/", "-")
    name = f"{chosen}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return Path(config.runs).absolute() / "sweep" / name


def training(config: DictConfig) -> DictConfig:
    """The part of the configuration that a training has."""
    return OmegaConf.masked_copy(
        config, [str(key) for key in config if key not in ("n_trials", "storage", "sweep")]
    )


def _quiet() -> None:
    """Hide Optuna's log of trials and its warnings of experimental features."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
