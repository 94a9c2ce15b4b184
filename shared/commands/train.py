"""One training from its configuration to its metrics; every command that trains uses it."""

import io
import math
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.utilities import rank_zero_only
from rich.console import Console

from shared.commands.evaluate import score_table, test
from shared.config import ACCURACY, Monitor, check_there, check_values, plain, print_line, resolved
from shared.errors import UserError, named
from shared.files import held, remove_unfinished, write, write_json
from shared.network import layer_table, render
from shared.results import calibration_error, learning_curve, png, write_report
from shared.runs import FINGERPRINT, Run, changes, environment, note_job, run_of_job, runs_in
from shared.training import (
    Classifier,
    Companions,
    History,
    build_data,
    build_module,
    build_trainer,
    check_network,
    check_optimizer,
    load_module,
    log_settings,
    obeyed,
    resumable,
    trained_config,
)

ENVIRONMENT = "environment.json"  # is written when the network begins to train

SAME = "run the same command again to resume"


def train(config: DictConfig, callbacks: Sequence[Callback] = (), again: str | None = None) -> dict[str, Any]:
    """Train, test on the best checkpoint; return the contents of ``metrics.json``, and the folder as ``run``.

    With ``resume``, continues in that folder from its last checkpoint, with that run's own configuration.
    With ``test`` false, the test set is not used: a search chooses on validation.

    A requeued job resumes the run that it made before of this configuration, see ``runs.job``. If that has
    ended, its metrics are returned.

    Args:
        config: As in ``conf/train.yaml``.
        callbacks: What else is to happen as the network trains.
        again: What resumes it if it is cut short; None for ``resume``, which is said as a line to paste.

    Raises:
        InUseError: Another process works on this run.
        UserError: The configuration, the data or the folder cannot be used, or as ``resumable``.
        Stopped: By a signal; what was saved stays.
    """
    resumed = Run.open(config.resume) if config.resume else run_of_job(config)
    if resumed and resumed.metrics:
        if config.resume:
            raise UserError(f"resume={resumed.folder}: this run has ended; its metrics are in metrics.json")
        Console().print("this job trained it before it was requeued")
        print_line(f"run: {resumed.folder}")
        return resumed.metrics | {"run": str(resumed.folder)}
    training = _Training(_resumed_config(resumed) if resumed else config, resumed, callbacks, again)
    training.make_folder()
    try:
        with (
            held(training.run.folder, training.first),
            resumable(training.run, first=training.first, again=again),
            closing(training.companions),
        ):
            state = training.read_state()
            training.read_data(state)
            module, size = training.build_module()
            training.note_machine()
            training.fit(module, state)
            metrics = training.metrics(size)
            folder = training.end_processes()
            if training.first:
                metrics = training.finish(metrics)
            return metrics | {"run": folder}
    except UserError as error:
        training.drop_mistake(error)
        raise


def _resumed_config(run: Run) -> DictConfig:
    """The configuration of a run that is resumed; a broken run is refused before data are read."""
    config = trained_config(run)
    with named(run.folder / "config.yaml"):
        check_values(resolved(config))
    if run.checkpoint_file("last").is_file():
        run.state()
    return config


class _Training:
    """The steps of a training, in the order in which ``train`` takes them.

    Making one reads no data and writes nothing.

    Attributes:
        first: Whether this process, of several that train together, is the one that writes and prints.
    """

    def __init__(
        self, config: DictConfig, resumed: Run | None, callbacks: Sequence[Callback], again: str | None
    ):
        self.config, self.resumed = config, resumed
        self.data = build_data(config)
        check_network(config, self.data)
        check_optimizer(config)
        self.run = resumed or Run.named(config.runs, config.domain.name)
        self.last = self.run.checkpoints / "last.ckpt"
        self.history = History(self.run.folder / "metrics.csv")
        self.companions = Companions(self.run, again)
        self.trainer = build_trainer(config, self.run, [self.history, self.companions, *callbacks])
        _check_processes(self.trainer)
        self.first = self.trainer.is_global_zero
        self.console = Console(quiet=not self.first)

    def make_folder(self) -> None:
        """Make the folder of a new run."""
        if self.first and not self.resumed:
            self.run.make(self.config)
            note_job(self.run, self.config)

    def drop_mistake(self, error: UserError) -> None:
        """Remove the folder of a new run if a mistake ended it before it trained."""
        mistake = type(error) is UserError and len(error.args) == 1  # what is saved would be the second
        if mistake and self.first and not self.resumed and not (self.run.folder / ENVIRONMENT).is_file():
            shutil.rmtree(self.run.folder, ignore_errors=True)

    def read_state(self) -> dict[str, Any] | None:
        """The checkpoint that the run resumes from, checked before Lightning opens it; None for a new one."""
        if self.first:
            remove_unfinished(self.run.folder)
            remove_unfinished(self.run.checkpoints)
        return self.run.state() if self.last.is_file() else None

    def read_data(self, state: dict[str, Any] | None) -> None:
        """Read the data, which must be those that the run began with, and print their summary.

        Raises:
            UserError: The data are not there, cannot be used, or have changed.
        """
        known = self.run.fingerprint(state or {})
        if known or state:
            config = self.run.folder / "config.yaml"
            check_there(self.config.data, f"put it back, or correct it in {config}")
        self.data.setup()
        if known and (differences := changes(known, self.data.fingerprint, in_order=True)):
            raise UserError(
                f"{self.run.folder}: the data have changed since this run began ({'; '.join(differences)}); "
                "restore them, or start a new run"
            )
        if self.first and not known:
            write_json(self.run.folder / FINGERPRINT, dict(self.data.fingerprint))
        if state:
            self.data.first_epoch = state["epoch"] + 1  # last.ckpt stands between two epochs
        self.console.print(self.data.summary, highlight=False, markup=False)
        self.data.require("train", "val", *(["test"] if self.config.test else []))

    def build_module(self) -> tuple[Classifier, dict[str, int]]:
        """The network, and its size; its table of layers is printed."""
        module = build_module(self.config, self.data)
        table = layer_table(module.network)
        self.console.print(render(table))
        size = {"params": sum(row.params for row in table), "flops": sum(row.flops for row in table)}
        return module, size

    def note_machine(self) -> None:
        """Start the loggers, and keep and print what the run is trained with."""
        log_settings(self.trainer.loggers, plain(self.config))
        machine = environment(self.trainer.strategy.root_device, str(self.trainer.precision))
        processes = self.trainer.world_size
        self.console.print(
            f"device: {machine['device']}, {machine['threads']} threads, {machine['precision']}"
            + f", {processes} processes" * (processes > 1)
        )
        if self.first:
            write_json(self.run.folder / ENVIRONMENT, machine | {"processes": processes})

    def fit(self, module: Classifier, state: dict[str, Any] | None) -> None:
        """Train.

        Raises:
            UserError: The checkpoint is not of this training.
        """
        try:
            with obeyed():
                self.trainer.fit(module, self.data, ckpt_path=self.last if state else None, weights_only=True)
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            if state is None or self.trainer.global_step > state["global_step"]:
                raise
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise UserError(f"{self.last}: no training can be resumed from it ({reason})") from error

    def metrics(self, size: dict[str, int]) -> dict[str, Any]:
        """The metrics of a training in ``metrics.json``, without its test.

        The validation metrics are the monitored one of the best checkpoint, and the accuracy of its epoch.
        """
        config, history, monitor = self.config, self.history, Monitor.of(self.config)
        best = monitor.best(history.rows, lambda row: row[monitor.name])
        checkpoint = self.trainer.checkpoint_callback
        assert isinstance(checkpoint, ModelCheckpoint)
        return {
            "domain": config.domain.name,
            "model": config.choices.model,
            "data": config.choices.data,
            "seed": config.seed,
            **size,
            "epochs": self.trainer.current_epoch,
            "steps": self.trainer.global_step,
            "train_seconds": round(history.train_seconds, 3),
            "cpu_seconds": round(history.cpu_seconds, 3),
            "samples_per_second": round(history.samples / max(history.train_seconds, 1e-9), 1),
            ACCURACY: best[ACCURACY],
            monitor.name: float(checkpoint.best_model_score),  # type: ignore[arg-type]
        }

    def end_processes(self) -> str:
        """End the work of several processes together; all of them know the run's folder."""
        folder = self.trainer.strategy.broadcast(str(self.run.folder))
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        return folder

    def finish(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Draw the learning curve, test, and write ``metrics.json``."""
        title = f"{metrics['model']} on {metrics['data']}, seed {metrics['seed']}"
        rows = self.history.rows
        curve = learning_curve(rows, self.history.samples // len(rows), title)
        write(self.run.folder / "curve.png", png(curve))
        if self.config.test:
            metrics |= self._test(title)
        write_json(self.run.folder / "metrics.json", metrics)
        print_line(f"run: {self.run.folder}")
        return metrics

    def _test(self, title: str) -> dict[str, Any]:
        """The test metrics of the best checkpoint; the items and figures go into the run's folder."""
        module = load_module(self.run, diverged=True)
        scores, columns = test(build_trainer(self.config, None, []), module, self.data)
        items = io.BytesIO()
        np.savez_compressed(items, **columns)
        write(self.run.folder / "test_items.npz", items.getvalue())
        write_report(self.run, columns, self.data.classes, title)
        self.console.print(score_table(scores))
        metrics: dict[str, Any] = {"test/n": len(columns["item"]), "test/ece": calibration_error(columns)}
        for score in scores:
            metrics |= {score.name: score.value, f"{score.name}/n": score.n}
            if not math.isnan(score.low):
                metrics[f"{score.name}/interval"] = [score.low, score.high]
        return metrics


def _check_processes(trainer: pl.Trainer) -> None:
    """Refuse a grid in which Lightning starts processes: each would run the whole grid again."""
    grid = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    processes = getattr(trainer.strategy, "cluster_environment", None)
    if grid and trainer.world_size > 1 and processes and not processes.creates_processes_externally:
        raise UserError(
            f"trainer.devices={trainer.num_devices}: in a grid (-m) a run is one process: set "
            "trainer.devices=1, or let SLURM start the processes"
        )


def is_first_process() -> bool:
    """Whether this process writes and prints: of several that train together, one does."""
    return getattr(rank_zero_only, "rank", 0) == 0


def train_once(config: DictConfig, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """As ``train``, in a folder ``config.runs`` that holds this one training: reused, resumed or started.

    Raises:
        InUseError: Another process works in the folder.
        UserError: As ``train``.
        KeyboardInterrupt: As ``train``.
    """
    config = config.copy()
    with held(Path(config.runs), is_first_process()):
        for run in runs_in(Path(config.runs)):
            if run.metrics:
                return run.metrics | {"run": str(run.folder)}
            config.resume = str(run.folder)
        return train(config, callbacks, again=SAME)
