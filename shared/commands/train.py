"""One training from its configuration to its metrics; every command that trains uses it."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities import rank_zero_only

from shared import training
from shared.commands.bench import step_seconds
from shared.commands.evaluate import report, test
from shared.config import ACCURACY, Console, Monitor, check_there, check_values, plain, print_line, resolved
from shared.errors import UserError, named
from shared.files import held, remove_unfinished, write, write_json
from shared.network import layer_table, render
from shared.results import learning_curve, write_figure
from shared.runs import (
    FINGERPRINT,
    Fingerprint,
    Run,
    changes,
    check_longer,
    environment,
    note_job,
    run_of_job,
    runs_in,
)
from shared.training import Classifier, Companions, DataModule, History, Record, Source

ENVIRONMENT = "environment.json"  # is written when the network begins to train

SUITE = 0.97  # share of the time in which the loop does what a bare one does

SAME = "run the same command again to resume"


def train(config: DictConfig, callbacks: Sequence[Callback] = (), again: str | None = None) -> dict[str, Any]:
    """Train, test on the best checkpoint; return the contents of ``metrics.json``, and the folder as ``run``.

    With ``resume``, continues in that folder from its last checkpoint, with that run's own configuration, or
    to more epochs, see ``check_longer``; a run that has ended gets the record that it may lack, see
    ``Record``. With ``init``, starts from another run's weights, see ``Source``. With ``test`` false, the
    test set is not used, and no record made: a search chooses on validation. A requeued job resumes the run
    that it made before of this configuration; if that has ended, its metrics are returned.

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
    epochs = config.trainer.get("max_epochs")
    longer = resumed is not None and check_longer(resumed, epochs)
    if resumed and resumed.metrics and not longer:
        if config.resume:
            return _add_record(resumed)
        Console().print("this job trained it before it was requeued")
        print_line(f"run: {resumed.folder}")
        return resumed.metrics | {"run": str(resumed.folder)}
    if resumed:  # a broken run is refused before data are read
        config = training.trained_config(resumed)
        with named(resumed.folder / "config.yaml"):
            check_values(resolved(config))
        if longer:
            config.trainer.max_epochs = epochs
            callbacks = [training.Lengthen(resumed, epochs), *callbacks]
        if resumed.checkpoint_file("last").is_file():
            resumed.state()
    source = training.Source.of(config, resumed)
    data = training.build_data(config, init=source and source.module.preprocessing)
    training.check_network(config, data)
    training.check_optimizer(config)
    run = resumed or Run.named(config.runs, config.domain.name)
    history, companions = History(run.folder / "metrics.csv"), Companions(run, again)
    trainer = training.build_trainer(config, run, [history, companions, *callbacks])
    _check_processes(trainer)
    first = trainer.is_global_zero  # the process that writes and prints, of several that train together
    console = Console(quiet=not first)
    if first and not resumed:
        run.make(config)
        note_job(run, config)
    try:
        with held(run.folder, first), training.resumable(run, first=first, again=again), closing(companions):
            if first:
                remove_unfinished(run.folder)
                remove_unfinished(run.checkpoints)
                if source:
                    source.keep(run)
            state = run.state() if (run.checkpoints / "last.ckpt").is_file() else None
            _read_data(run, config, data, state, first)
            console.print(data.summary, highlight=False, markup=False)
            if line := data.imbalance:
                console.print(line, highlight=False, markup=False)
            data.require("train", "val", *(["test"] if config.test else []))
            module = training.build_module(config, data)
            if source and not state:
                console.print(source.start(module), highlight=False, markup=False, soft_wrap=True)
            table = layer_table(module.network)
            console.print(render(table))
            if config.training.seconds:
                _plan_seconds(run, config, data, module, trainer, console)
            _note_machine(run, config, trainer, console, source)
            _fit(trainer, module, data, run, state)
            size = {
                "params": sum(row.params for row in table),
                "flops": sum(row.flops for row in table),
                "train_items": len(data.drawn_set),
            }
            metrics = _metrics(config, trainer, history, size)
            folder = trainer.strategy.broadcast(str(run.folder))
            if torch.distributed.is_available() and torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()
            if first:
                with training.ending(trainer.loggers):
                    metrics = _finish(run, config, data, history, metrics, source)
                    pictures = sorted(run.folder.glob("*.png"))
                    training.log_results(trainer.loggers, metrics, pictures, trainer.global_step)
                print_line(f"run: {run.folder}")
            return metrics | {"run": folder}
    except UserError as error:
        mistake = type(error) is UserError and len(error.args) == 1  # what is saved would be the second
        if mistake and first and not resumed and not (run.folder / ENVIRONMENT).is_file():
            shutil.rmtree(run.folder, ignore_errors=True)  # it has not trained
        raise


def _read_data(
    run: Run, config: DictConfig, data: DataModule, state: dict[str, Any] | None, first: bool
) -> None:
    """Read the data, which must be those that the run began with."""
    known = run.fingerprint(state or {})
    if known or state:
        _check_there(run, config)
    data.setup()
    _check_unchanged(run, known, data, in_order=True)
    if first and not known:
        write_json(run.folder / FINGERPRINT, dict(data.fingerprint))
    if state:
        data.first_epoch = state["epoch"] + 1  # last.ckpt stands between two epochs


def _plan_seconds(
    run: Run,
    config: DictConfig,
    data: DataModule,
    module: Classifier,
    trainer: pl.Trainer,
    console: Console,
) -> None:
    """Set the length of an epoch by the time of a step, which is measured: what follows is a training as any.

    So it can be resumed and repeated. A schedule by the clock could not, and one that the clock cuts off
    would end above the rate that it was to end with.
    """
    if trainer.world_size > 1:
        raise UserError("training.seconds: must be null where several processes train; give data.epoch_size")
    with training.obeyed():
        step, seconds = step_seconds(config, data, module), config.training.seconds
    steps = max(int(SUITE * seconds / step / config.trainer.max_epochs), 1)
    data.epoch_size = steps * config.data.batch_size
    OmegaConf.update(config, "data.epoch_size", data.epoch_size, force_add=True)
    config.training.seconds = None
    run.settle(config)
    console.print(
        f"{1000 * step:.1f} ms a step: data.epoch_size={data.epoch_size} for {seconds:g} s of training",
        highlight=False,
    )


def _check_there(run: Run, config: DictConfig) -> None:
    check_there(config.data, f"put it back, or correct it in {run.folder / 'config.yaml'}")


def _check_unchanged(run: Run, known: Fingerprint | None, data: DataModule, *, in_order: bool) -> None:
    if known and (differences := changes(known, data.fingerprint, in_order=in_order)):
        raise UserError(
            f"{run.folder}: the data have changed since this run began ({'; '.join(differences)}); "
            "restore them, or start a new run"
        )


def _note_machine(
    run: Run, config: DictConfig, trainer: pl.Trainer, console: Console, source: Source | None
) -> None:
    """Start the loggers, and keep and print what the run is trained with."""
    training.log_settings(trainer.loggers, plain(config))
    machine = environment(trainer.strategy.root_device, str(trainer.precision))
    processes = trainer.world_size
    console.print(
        f"device: {machine['device']}, {machine['threads']} threads, {machine['precision']}"
        + f", {processes} processes" * (processes > 1)
    )
    if not console.quiet:
        start = {"init": {"run": source.name, "sha256": source.digest}} if source else {}
        write_json(run.folder / ENVIRONMENT, machine | {"processes": processes} | start)


def _fit(
    trainer: pl.Trainer, module: Classifier, data: DataModule, run: Run, state: dict[str, Any] | None
) -> None:
    """Train; a checkpoint that is not of this training is refused."""
    last = run.checkpoints / "last.ckpt"
    try:
        with training.obeyed():
            trainer.fit(module, data, ckpt_path=last if state else None, weights_only=True)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        if state is None or trainer.global_step > state["global_step"]:
            raise
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise UserError(f"{last}: no training can be resumed from it ({reason})") from error


def _metrics(
    config: DictConfig, trainer: pl.Trainer, history: History, size: dict[str, int]
) -> dict[str, Any]:
    """Those of ``metrics.json`` without the test; of validation, the best of the monitor and its accuracy."""
    monitor = Monitor.of(config)
    best = monitor.best(history.rows, lambda row: row[monitor.name])
    return {
        "domain": config.domain.name,
        "model": config.choices.model,
        "data": config.choices.data,
        "seed": config.seed,
        **size,
        "epochs": trainer.current_epoch,
        "steps": trainer.global_step,
        "train_seconds": round(history.train_seconds, 3),
        "cpu_seconds": round(history.cpu_seconds, 3),
        "samples_per_second": round(history.samples / max(history.train_seconds, 1e-9), 1),
        ACCURACY: best[ACCURACY],
        monitor.name: float(trainer.checkpoint_callback.best_model_score),  # type: ignore[union-attr]
    }


def _finish(
    run: Run,
    config: DictConfig,
    data: DataModule,
    history: History,
    metrics: dict[str, Any],
    source: Source | None,
) -> dict[str, Any]:
    """Draw the learning curve, test, and write ``metrics.json``."""
    title = f"{metrics['model']} on {metrics['data']}, seed {metrics['seed']}"
    figures = config.figures if config.report else None
    if figures:
        curve = learning_curve(history.rows, history.samples // len(history.rows), title)
        write_figure(run.folder / "curve", curve, figures)
    if config.test:
        module = training.load_module(run, diverged=True)
        module.record = _write_record(run, module, data) if config.report else None
        tested = test(training.build_trainer(config, None, []), module, data, source and source.module)
        metrics |= report(run.folder, tested, data.classes, title, figures)
    write_json(run.folder / "metrics.json", metrics)
    return metrics


def _write_record(run: Run, module: Classifier, data: DataModule) -> Record | None:
    """Measure what ``predict.py`` needs to say how sure the network may be, see ``Record``."""
    if record := Record.measured(module, data):
        write(run.record, record.pack(module))
        before, after, n = record.calibration
        Console().print(
            f"calibration error on {n:,} validation items: {100 * before:.1f} %, "
            f"{100 * after:.1f} % at temperature {record.temperature:.2f}"
        )
    return record


def _add_record(run: Run) -> dict[str, Any]:
    """Give a run that has ended the record that it lacks, from its own data; return its metrics."""
    if run.record.is_file():
        raise UserError(
            f"resume={run.folder}: this run has ended; its metrics are in metrics.json; a larger "
            "trainer.max_epochs trains it on"
        )
    module = training.load_module(run)
    data = training.build_data(training.trained_config(run), module.fitted)
    _check_there(run, run.config)
    data.setup()
    _check_unchanged(run, run.fingerprint(run.checkpoint("best")), data, in_order=False)
    data.require("train", "val")
    with held(run.folder, is_first_process()):
        _write_record(run, module, data)
    print_line(f"run: {run.folder}")
    return run.metrics | {"run": str(run.folder)}


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
    """As ``train``, in a folder ``config.runs`` that holds this one training: reused, resumed or started."""
    config = config.copy()
    with held(Path(config.runs), is_first_process()):
        for run in runs_in(Path(config.runs)):
            if run.metrics:
                return run.metrics | {"run": str(run.folder)}
            config.resume = str(run.folder)
        return train(config, callbacks, again=SAME)
