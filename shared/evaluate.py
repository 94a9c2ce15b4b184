"""Test figures of a trained network, on its own data or on others."""

from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from shared.assemble import build_data, build_trainer, load_module, trained_config
from shared.classifier import Classifier
from shared.data import DataModule
from shared.errors import UserError
from shared.run import Run
from shared.runs.early import data_settings
from shared.scores import Score, score
from shared.training.machine import obeyed


def test(trainer: pl.Trainer, module: Classifier, data: DataModule) -> tuple[list[Score], dict[str, Any]]:
    """Test once, and return the figures (the domain's and the baselines') and the columns of all items."""
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
        interval = f"{100 * each.low:.2f} … {100 * each.high:.2f}" if each.n else "–"
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
    data = build_data(data_settings(trained_config(run), chosen))
    if (data.planes, list(data.extent)) != (module.hparams["planes"], list(module.hparams["extent"])):
        raise UserError(
            f"data: {data.planes} planes of {data.extent}, but the run reads "
            f"{module.hparams['planes']} planes of {tuple(module.hparams['extent'])}"
        )
    data.front_end, data.classes = module.hparams["front_end"], module.classes
    return data


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Test the run ``config.run`` on its own data, or on those that ``config.data`` names instead.

    Raises:
        UserError: The run, its checkpoint or the data cannot be used, or the classes differ.
    """
    run = Run.open(config.run)
    module = load_module(run, config.checkpoint)
    data = data_of(run, module, config.data)
    data.setup()
    if data.classes != module.classes:
        raise UserError(f"data: classes {data.classes} are not the run's {module.classes}")
    console = Console()
    console.print(data.summary, highlight=False, markup=False)
    scores, _ = test(build_trainer(run.config, None, []), module, data)
    console.print(score_table(scores))
    return {each.name: each.value for each in scores}
