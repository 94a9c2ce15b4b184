"""Test metrics of a trained network, on its own data or on others."""

import math
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig
from rich.table import Table

from shared import training
from shared.config import Console, check_there, print_line, relative_data
from shared.errors import UserError
from shared.results import Score, score
from shared.runs import Run, changes, data_settings
from shared.training import Classifier, DataModule

LOADING = {"batch_size", "epoch_size", "workers"}  # keys of data that do not change the examples


def test(trainer: pl.Trainer, module: Classifier, data: DataModule) -> tuple[list[Score], dict[str, Any]]:
    """Test once, and return the scores (the domain's and the baselines') and the columns of all items."""
    module.views = data.views
    with training.obeyed():
        trainer.test(module, data, verbose=False)
    columns = module.tested()
    groups = data.groups(columns["item"])
    scores = module.scores(columns, groups)
    for name, hits in data.baselines(columns["item"]).items():
        scores.append(score(f"baseline/{name}", hits, groups))
    return scores, columns | {"group": groups}


def metric_table(title: str, *columns: str) -> Table:
    """An empty table of metrics, with columns of numbers."""
    table = Table("metric", title=title)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def score_table(scores: list[Score]) -> Table:
    """The metrics for people: per cent, 95 % interval, number of items."""
    table = metric_table("test", "%", "95 % interval", "n")
    for metric in scores:
        known = metric.n and not math.isnan(metric.low)
        interval = f"{100 * metric.low:.2f} … {100 * metric.high:.2f}" if known else "–"
        value = f"{100 * metric.value:.2f}" if metric.n else "–"
        table.add_row(metric.name, value, interval, f"{metric.n:,}")
    return table


def data_of(run: Run, module: Classifier, chosen: DictConfig) -> DataModule:
    """The run's own data, or those that ``chosen`` names (see ``data_settings``), for its network; unread.

    The classes are the run's, in its order, so that data with only some of them can be tested.
    """
    data = training.build_data(data_settings(training.trained_config(run), chosen), module.fitted)
    channels, size = module.hparams["planes"], tuple(module.hparams["extent"])
    if (data.planes, tuple(data.extent)) != (channels, size):
        raise UserError(
            f"data: must have {channels} channels of size {size}, as the run's own data, got {data.planes} "
            f"channels of size {data.extent}"
        )
    return data


def read_data(data: DataModule, run: Run, checkpoint: str, chosen: DictConfig) -> None:
    """Read the data of ``data_of``; report in one line how the run's own data have changed."""
    if not {str(key) for key, value in chosen.items() if value is not None} <= LOADING:
        data.setup()
        return
    own = run.config.data
    check_there(own, f"{run.folder / 'config.yaml'} names it; give data.path=")
    for key, path in relative_data(own).items():
        here = f"as the run names it, is read from the current folder {Path.cwd()}"
        print_line(f"data.{key}: {path}, {here}", error=True)
    data.setup()
    known = run.fingerprint(run.checkpoint(checkpoint))
    if known and (changed := changes(known, data.fingerprint, in_order=False)):
        print_line(
            f"the run's own data have changed since it was trained ({'; '.join(changed)}): the "
            "results below are those of the data as they are now",
            error=True,
        )


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Test the run ``config.run`` on its own data, or on those that ``config.data`` names instead."""
    run = Run.open(config.run)
    module = training.load_module(run, config.checkpoint)
    data = data_of(run, module, config.data)
    read_data(data, run, config.checkpoint, config.data)
    if data.classes != module.classes:
        raise UserError(f"data: classes {data.classes} are not the run's {module.classes}")
    console = Console()
    console.print(data.summary, highlight=False, markup=False)
    scores, _ = test(training.build_trainer(run.config, None, []), module, data)
    console.print(score_table(scores))
    return {metric.name: metric.value for metric in scores}
