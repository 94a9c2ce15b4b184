"""One training from its configuration to its figures; every command that trains comes through here."""

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
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import rank_zero_only
from rich.console import Console

from shared.commands.evaluate import score_table, test
from shared.config import ACCURACY, Monitor, check_there, check_values, plain, resolved
from shared.errors import UserError, named
from shared.files import held, remove_unfinished, write, write_json
from shared.network import layer_table, render
from shared.results import calibration_error, learning_curve, png, write_report
from shared.runs import FINGERPRINT, Run, changes, environment, note_job, run_of_job, runs_in
from shared.training import (
    Companions,
    DataModule,
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
    """Train, test on the best checkpoint; return what ``metrics.json`` then holds, and the folder as ``run``.

    With ``resume``, goes on in that folder from its last checkpoint; nothing else of ``config`` counts. With
    ``test`` false, the test set is left alone: a search chooses on validation.

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
        if not config.resume:
            Console().print("this job trained it before it was requeued")
            Console().print(f"run: {resumed.folder}", soft_wrap=True, highlight=False, markup=False)
            return resumed.metrics | {"run": str(resumed.folder)}
        raise UserError(f"resume={resumed.folder}: this run has ended; its figures are in metrics.json")
    if resumed:
        config = trained_config(resumed)
        with named(resumed.folder / "config.yaml"):
            check_values(resolved(config))
        if resumed.checkpoint_file("last").is_file():
            resumed.state()  # refused, if it is broken, before data are read and anything is written

    data = build_data(config)
    check_network(config, data)
    check_optimizer(config)
    run = resumed or Run.named(config.runs, config.domain.name)
    history = History(run.folder / "metrics.csv")
    companions = Companions(run, again)
    trainer = build_trainer(config, run, [history, companions, *callbacks])
    _check_processes(trainer)
    first = trainer.is_global_zero  # of several processes, the one that writes and prints
    if first and not resumed:
        run.make(config)
        note_job(run, config)
    try:
        with held(run.folder, first), resumable(run, first=first, again=again), closing(companions):
            return _train(config, run, data, trainer, history)
    except UserError as error:
        mistake = type(error) is UserError and len(error.args) == 1  # what is saved would be the second
        if mistake and first and not resumed and not (run.folder / ENVIRONMENT).is_file():
            shutil.rmtree(run.folder, ignore_errors=True)
        raise


def _train(
    config: DictConfig, run: Run, data: DataModule, trainer: pl.Trainer, history: History
) -> dict[str, Any]:
    """The training once its folder is there, and held by this process."""
    first = trainer.is_global_zero
    console = Console(quiet=not first)
    if first:
        remove_unfinished(run.folder)
        remove_unfinished(run.checkpoints)
    last = run.checkpoints / "last.ckpt"
    # What is not this suite's is refused before Lightning opens it.
    state = run.state() if last.is_file() else None
    _read_data(config, run, data, state, first)
    console.print(data.summary, highlight=False, markup=False)
    data.require("train", "val", *(["test"] if config.test else []))
    module = build_module(config, data)
    table = layer_table(module.network)
    console.print(render(table))

    log_settings(trainer.loggers, plain(config))
    machine = environment(trainer.strategy.root_device, str(trainer.precision))
    console.print(
        f"device: {machine['device']}, {machine['threads']} threads, {machine['precision']}"
        + (f", {trainer.world_size} processes" if trainer.world_size > 1 else "")
    )
    if first:
        write_json(run.folder / ENVIRONMENT, machine | {"processes": trainer.world_size})
    try:
        with obeyed():
            trainer.fit(module, data, ckpt_path=last if state else None, weights_only=True)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        if state is None or trainer.global_step > state["global_step"]:
            raise
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise UserError(f"{last}: no training can be resumed from it ({reason})") from error

    metrics = {
        "domain": config.domain.name,
        "model": config.choices.model,
        "data": config.choices.data,
        "seed": config.seed,
        "params": sum(row.params for row in table),
        "flops": sum(row.flops for row in table),
        "epochs": trainer.current_epoch,
        "steps": trainer.global_step,
        "train_seconds": round(history.train_seconds, 3),
        "cpu_seconds": round(history.cpu_seconds, 3),
        "samples_per_second": round(history.samples / max(history.train_seconds, 1e-9), 1),
        **_validation(config, trainer, history),
    }
    folder = trainer.strategy.broadcast(str(run.folder))
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # what is left to do, the first does alone
    if first:
        title = f"{metrics['model']} on {metrics['data']}, seed {metrics['seed']}"
        curve = learning_curve(history.rows, history.samples // len(history.rows), title)
        write(run.folder / "curve.png", png(curve))
        if config.test:
            metrics |= _test(config, run, data, title, console)
        write_json(run.folder / "metrics.json", metrics)
        console.print(f"run: {run.folder}", soft_wrap=True, highlight=False, markup=False)
    return metrics | {"run": folder}


def _validation(config: DictConfig, trainer: pl.Trainer, history: History) -> dict[str, float]:
    """The monitored metric of the best checkpoint, and the validation accuracy of its epoch."""
    monitor = Monitor.of(config)
    row = monitor.best(history.rows, lambda row: row[monitor.name])
    score = trainer.checkpoint_callback.best_model_score  # type: ignore[union-attr]
    return {ACCURACY: row[ACCURACY], monitor.name: float(score)}


def _read_data(
    config: DictConfig, run: Run, data: DataModule, state: dict[str, Any] | None, first: bool
) -> None:
    """Read the data of a run, which are those that it began with.

    Args:
        config: of the run.
        run: its fingerprint is kept, if there is none yet.
        data: not yet read.
        state: that the run resumes from; None where no epoch has ended.
        first: whether this is the process that writes.

    Raises:
        UserError: The data are not there, cannot be used, or have changed.
    """
    known = run.fingerprint(state or {})
    if known or state:
        check_there(config.data, f"put it back, or correct it in {run.folder / 'config.yaml'}")
    data.setup()
    if known and (found := changes(known, data.fingerprint, in_order=True)):
        raise UserError(
            f"{run.folder}: the data have changed since this run began ({'; '.join(found)}); restore them, "
            "or start a new run"
        )
    if first and not known:
        write_json(run.folder / FINGERPRINT, dict(data.fingerprint))
    if state:
        data.first_epoch = state["epoch"] + 1  # last.ckpt stands between two epochs


def _check_processes(trainer: pl.Trainer) -> None:
    """Refuse a grid in which Lightning starts processes: each would run the whole grid again."""
    grid = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    processes = getattr(trainer.strategy, "cluster_environment", None)
    if grid and trainer.world_size > 1 and processes and not processes.creates_processes_externally:
        raise UserError(
            f"trainer.devices={trainer.num_devices}: in a grid (-m) a run is one process: set "
            "trainer.devices=1, or let SLURM start the processes"
        )


def _test(config: DictConfig, run: Run, data: DataModule, title: str, console: Console) -> dict[str, Any]:
    """The test figures of the best checkpoint; the answers and pictures go into the run's folder."""
    scores, columns = test(build_trainer(config, None, []), load_module(run, diverged=True), data)
    items = io.BytesIO()
    np.savez_compressed(items, **columns)
    write(run.folder / "test_items.npz", items.getvalue())
    write_report(run, columns, data.classes, title)
    console.print(score_table(scores))
    metrics: dict[str, Any] = {"test/n": len(columns["item"]), "test/ece": calibration_error(columns)}
    for each in scores:
        metrics |= {each.name: each.value, f"{each.name}/n": each.n}
        if not math.isnan(each.low):
            metrics[f"{each.name}/interval"] = [each.low, each.high]
    return metrics


def is_first_process() -> bool:
    """Whether this process writes and prints: of several that train together, one does."""
    return getattr(rank_zero_only, "rank", 0) == 0


def train_once(config: DictConfig, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """As ``train``, in a folder ``config.runs`` that holds this one training: found, gone on with, or begun.

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
