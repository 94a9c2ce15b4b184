"""The search from its configuration to its best settings."""

import hashlib
import json
import warnings
from pathlib import Path

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.trial import TrialState
from rich.console import Console

from shared.commands import SAME
from shared.config import Monitor, Stopped, compose, plain
from shared.errors import UserError
from shared.sweep.progress import SweepProgress, best
from shared.sweep.report import report
from shared.sweep.space import Space
from shared.sweep.study import Study, storage_failures
from shared.sweep.trial import run_trial


def sweep(config: DictConfig, overrides: list[str]) -> Study:
    """Search ``config.sweep.space`` with ``config.n_trials`` trials in all, and write what was found.

    The study's folder ``<runs>/sweep/<name>-<hash>`` follows from the settings: the same command, started
    again or several times at once, works on the same study.

    Args:
        config: As in ``conf/sweep.yaml``.
        overrides: What it was composed from; a trial's configuration is composed from them and its own.

    Raises:
        UserError: The space, the storage or the folder cannot be used, or no trial could be trained.
        Stopped: By a signal; what there is has been written.
    """
    if not isinstance(config.n_trials, int) or config.n_trials < 1:
        raise UserError(f"n_trials={config.n_trials}: give a whole number from 1")
    if config.trainer.devices != 1:
        raise UserError(
            f"trainer.devices={config.trainer.devices}: a trial is one process on one device; start the "
            "command several times to use several"
        )
    _quiet()
    space = Space(
        plain(config.sweep.space) if config.sweep.space else {},
        lambda chosen: training(compose("sweep", [*overrides, *chosen])),
    )
    for word in overrides:
        if (key := word.split("=")[0].lstrip("+~")) in space.values:
            raise UserError(f"{word}: {key} is searched; leave it out, or take it out of sweep.space")
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
            report(study, space, config, overrides, Console())
    if best(study.trials(), monitor) is None and not study.trials(TrialState.RUNNING):
        raise UserError(f"no trial could be trained; the reasons are in {study.folder / 'trials.csv'}")
    return study


def folder_of(config: DictConfig) -> Path:
    """Where a study lies; other settings have another folder, but for its length and its place."""
    settings = OmegaConf.masked_copy(
        config, [str(key) for key in config if key not in ("n_trials", "storage", "runs")]
    )
    told = json.dumps(OmegaConf.to_container(settings, resolve=True), sort_keys=True)
    chosen = str(config.choices.sweep or config.domain.name).replace("/", "-")
    name = f"{chosen}-{hashlib.sha256(told.encode()).hexdigest()[:10]}"
    return Path(config.runs).absolute() / "sweep" / name


def training(config: DictConfig) -> DictConfig:
    """The part of the configuration that a training has."""
    return OmegaConf.masked_copy(
        config, [str(key) for key in config if key not in ("n_trials", "storage", "sweep")]
    )


def _quiet() -> None:
    """Optuna's own log of trials, and its advice that is settled here, are not the user's."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
