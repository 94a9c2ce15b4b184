"""One training from its configuration to its figures; every command that trains comes through here."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from pytorch_lightning.callbacks import Callback
from rich.console import Console

from shared.assemble import build_data, build_module, build_trainer, check_network, load_module
from shared.callbacks import History
from shared.errors import UserError
from shared.evaluate import score_table, test
from shared.layer_table import layer_table, render
from shared.plots import learning_curve, png
from shared.run import Run, environment, write, write_json
from shared.test_report import calibration_error, write_report

FOLDER = "CONVOLUTIONS_RUN"  # tells the processes of a training's other devices where its run lies


def train(config: DictConfig, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """Train, test on the best checkpoint; return what ``metrics.json`` then holds, and the folder as ``run``.

    With ``resume``, goes on in that folder from its last checkpoint; nothing else of ``config`` counts. With
    ``test`` false, the test set is left alone: a search chooses on validation.

    Args:
        config: As in ``conf/train.yaml``.
        callbacks: What else is to happen as the network trains.

    Raises:
        UserError: The configuration, the data or the folder cannot be used.
        KeyboardInterrupt: Stopped by Ctrl-C; what was saved stays.
    """
    # With several devices Lightning starts this command again for each of the others: they join the first.
    joined = os.environ.get(FOLDER) if os.environ.get("LOCAL_RANK", "0") != "0" else None
    console = Console(quiet=joined is not None)
    existing = joined or config.resume
    resumed = Run.open(existing) if existing else None
    if resumed and resumed.metrics:
        raise UserError(f"resume={resumed.folder}: this run has ended; its figures are in metrics.json")
    config = resumed.config if resumed else config

    data = build_data(config)
    check_network(config, data)
    run = resumed or Run.create(config.runs, config)
    os.environ[FOLDER] = str(run.folder)
    data.setup()
    console.print(data.summary, highlight=False)
    module = build_module(config, data)
    table = layer_table(module.network)
    console.print(render(table))

    history = History(run.folder / "metrics.csv")
    trainer = build_trainer(config, run, [history, *callbacks])
    machine = environment(trainer.strategy.root_device, str(trainer.precision))
    write_json(run.folder / "environment.json", machine)
    console.print(f"device: {machine['device']}, {machine['threads']} threads, {machine['precision']}")
    for part in run.checkpoints.glob(".*"):  # of a checkpoint, when the run was killed as it wrote it
        part.unlink(missing_ok=True)
    last = run.checkpoints / "last.ckpt"
    if last.is_file():
        run.checkpoint("last")  # refuses what is not this suite's, before Lightning opens it
    try:
        trainer.fit(module, data, ckpt_path=last if last.is_file() else None, weights_only=True)
    except SystemExit:  # Lightning's way to end at Ctrl-C, once loggers and loaders are closed
        sys.stderr.write(f"\nstopped; go on with: train.py resume={run.folder}\n")
        raise KeyboardInterrupt from None
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    if joined:
        sys.exit()  # what is left to do, the first does alone

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
        "val/acc": float(trainer.checkpoint_callback.best_model_score),  # type: ignore[union-attr]
    }
    title = f"{metrics['model']} on {metrics['data']}, seed {metrics['seed']}"
    curve = learning_curve(history.rows, history.samples // len(history.rows), title)
    write(run.folder / "curve.png", png(curve))
    if config.test:
        scores, columns = test(build_trainer(config, None, []), load_module(run), data)
        items = io.BytesIO()
        np.savez_compressed(items, **columns)
        write(run.folder / "test_items.npz", items.getvalue())
        metrics |= {"test/n": len(columns["item"]), "test/ece": calibration_error(columns)}
        for each in scores:
            metrics |= {
                each.name: each.value,
                f"{each.name}/interval": [each.low, each.high],
                f"{each.name}/n": each.n,
            }
        write_report(run, columns, data.classes, title)
        console.print(score_table(scores))
    write_json(run.folder / "metrics.json", metrics)
    console.print(f"run: {run.folder}", soft_wrap=True, highlight=False, markup=False)
    return metrics | {"run": str(run.folder)}


def train_once(config: DictConfig, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """As ``train``, in a folder ``config.runs`` that holds this one training: found, gone on with, or begun.

    Raises:
        UserError: As ``train``.
        KeyboardInterrupt: As ``train``.
    """
    config = config.copy()
    for path in sorted(Path(config.runs).glob("*/*/config.yaml")):
        run = Run(path.parent)
        if run.metrics:
            return run.metrics | {"run": str(run.folder)}
        config.resume = str(run.folder)
    return train(config, callbacks)
