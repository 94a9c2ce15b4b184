"""Test figures of a trained network, on its own data or on others."""

import math
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from shared.config import check_there, relative_data
from shared.errors import UserError
from shared.results import Score, score
from shared.runs import Run, changes, data_settings
from shared.training import (
    Classifier,
    DataModule,
    build_data,
    build_trainer,
    load_module,
    obeyed,
    trained_config,
)

LOADING = {"batch_size", "epoch_size", "workers"}  # keys of data that leave the data as they are


def test(trainer: pl.Trainer, module: Classifier, data: DataModule) -> tuple[list[Score], dict[str, Any]]:
    """Test once, and return the figures (the domain's and the baselines') and the columns of all items."""
    module.views = data.views
    with obeyed():
        trainer.test(module, data, verbose=False)
    columns = module.tested()
    groups = data.groups(columns["item"])
    scores = module.scores(columns, groups)
    for name, hits in data.baselines(columns["item"]).items():
        scores.append(score(f"baseline/{name}", hits, groups))
    return scores, columns | {"group": groups}


def score_table(scores: list[Score]) -> Table:
    """The figures for people: per cent, 95 % interval, number of items."""
    table = Table(title="test")
    table.add_column("figure")
    for name in ("%", "95 % interval", "n"):
        table.add_column(name, justify="right")
    for each in scores:
        known = each.n and not math.isnan(each.low)
        interval = f"{100 * each.low:.2f} … {100 * each.high:.2f}" if known else "–"
        value = f"{100 * each.value:.2f}" if each.n else "–"
        table.add_row(each.name, value, interval, f"{each.n:,}")
    return table


def data_of(run: Run, module: Classifier, chosen: DictConfig) -> DataModule:
    """The run's own data, or those that ``chosen`` names instead, as its network reads them; not yet read.

    They know the run's classes, in its order: data of some of them can be tested too.

    Args:
        run: of which the configuration says how its own data are read.
        module: its network.
        chosen: other values of single keys, or another source of data as a whole.

    Raises:
        UserError: The network takes other planes.
    """
    data = build_data(data_settings(trained_config(run), chosen), module.fitted)
    if (data.planes, list(data.extent)) != (module.hparams["planes"], list(module.hparams["extent"])):
        raise UserError(
            f"data: {data.planes} planes of {data.extent}, but the run reads "
            f"{module.hparams['planes']} planes of {tuple(module.hparams['extent'])}"
        )
    return data


def read_data(data: DataModule, run: Run, checkpoint: str, chosen: DictConfig) -> None:
    """Read what ``data_of`` gave; of the run's own data, say in a line what has changed since it was trained.

    Args:
        data: of the run, or others.
        run: of which ``checkpoint`` is used.
        checkpoint: its name.
        chosen: as for ``data_of``. How the run's own data are loaded may be chosen.

    Raises:
        UserError: The run's own data are not where they were, or cannot be used.
    """
    if not {str(key) for key, value in chosen.items() if value is not None} <= LOADING:
        data.setup()
        return
    own = run.config.data
    check_there(own, f"{run.folder / 'config.yaml'} names it; give data.path=")
    for key, path in relative_data(own).items():
        _say(f"data.{key}: {path}, as the run names it, is read from the current folder {Path.cwd()}")
    data.setup()
    known = run.fingerprint(run.checkpoint(checkpoint))
    if known and (found := changes(known, data.fingerprint, in_order=False)):
        _say(
            f"the run's own data have changed since it was trained ({'; '.join(found)}): what follows is of "
            "the data as they are now"
        )


def _say(remark: str) -> None:
    Console(stderr=True).print(remark, soft_wrap=True, highlight=False, markup=False)


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Test the run ``config.run`` on its own data, or on those that ``config.data`` names instead.

    Raises:
        UserError: The run, its checkpoint or the data cannot be used, or the classes differ.
    """
    run = Run.open(config.run)
    module = load_module(run, config.checkpoint)
    data = data_of(run, module, config.data)
    read_data(data, run, config.checkpoint, config.data)
    if data.classes != module.classes:
        raise UserError(f"data: classes {data.classes} are not the run's {module.classes}")
    console = Console()
    console.print(data.summary, highlight=False, markup=False)
    scores, _ = test(build_trainer(run.config, None, []), module, data)
    console.print(score_table(scores))
    return {each.name: each.value for each in scores}
