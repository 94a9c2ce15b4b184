"""Test metrics of a trained network, on its own data or on others."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf
from rich.table import Table
from rich.text import Text

from shared import training
from shared.config import Console, check_there, print_line, relative_data, unique_name
from shared.errors import UserError
from shared.files import make_folder, write_json
from shared.results import (
    ClassScores,
    Score,
    calibration_error,
    difference,
    doubts,
    score,
    scores_by_class,
    write_report,
)
from shared.runs import Run, changes, data_settings, environment
from shared.training import Classifier, DataModule

LISTED, LOWEST = 20, 5  # classes whose recall is printed: at most, and of more
# Keys of data that do not change the examples.
LOADING = {"batch_seconds", "batch_size", "epoch_size", "least_steps", "redraw", "workers"}


class Tested(NamedTuple):
    """A test: scores (the domain's and the baselines'), columns of all items, and what speaks against it."""

    scores: list[Score]
    columns: dict[str, Any]
    doubts: list[str]


def test(trainer: pl.Trainer, module: Classifier, data: DataModule, source: Classifier | None) -> Tested:
    """Test once; the network that a training started from is a baseline, if it is for the same data."""
    columns = _columns(trainer, module, data)
    groups = data.groups(columns["item"])
    columns |= {"group": groups}
    baselines = data.baselines(columns["item"])
    scores = module.scores(columns, groups)
    if source is not None and not source.differs_from(module):
        before = _columns(trainer, source, data)
        right, baselines["init"] = (part["answer"] == part["label"] for part in (columns, before))
        scores.append(difference(right, baselines["init"], groups)._replace(name="test/gain over init"))
    scores += [score(f"baseline/{name}", hits, groups) for name, hits in baselines.items()]
    return Tested(scores, columns, doubts(columns, baselines, data.classes, data.remedy))


def _columns(trainer: pl.Trainer, module: Classifier, data: DataModule) -> dict[str, Any]:
    module.views = data.views
    with training.obeyed():
        trainer.test(module, data, verbose=False)
    return module.tested()


def report(
    folder: Path,
    tested: Tested,
    classes: list[str],
    title: str,
    figures: str | None,
) -> dict[str, Any]:
    """Print the tables and doubts of a test, and write its files (see ``write_report``); return its metrics.

    They are those of ``metrics.json``: each with its n and, where it has one, its 95 % interval; and the
    recall of each class.
    """
    scores, columns, lines = tested
    by_class = scores_by_class(columns, classes)
    write_report(folder, columns, by_class, title, figures)
    console = Console()
    console.print(score_table(scores))
    console.print(class_table(by_class))
    if len(classes) > LISTED:
        print_line(f"all classes: {folder / 'per_class.csv'}")
    for line in lines:
        print_line(line)
    metrics: dict[str, Any] = {"test/n": len(columns["item"]), "test/ece": calibration_error(columns)}
    for one in scores:
        metrics |= {one.name: one.value, f"{one.name}/n": one.n}
        if not math.isnan(one.low):
            metrics[f"{one.name}/interval"] = [one.low, one.high]
    return metrics | {
        "recall": {
            name: {"value": one.value if one.n else None, "n": one.n, "interval": [one.low, one.high]}
            for name, one, _ in by_class
        }
    }


def metric_table(title: str, *columns: str, first: str = "metric") -> Table:
    """An empty table of metrics, with columns of numbers."""
    table = Table(first, title=title)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def score_table(scores: list[Score]) -> Table:
    """The metrics for people: per cent, 95 % interval, number of items."""
    table = metric_table("test", "%", "95 % interval", "n")
    for metric in scores:
        table.add_row(metric.name, *_cells(metric))
    return table


def class_table(by_class: list[ClassScores]) -> Table:
    """The recall of each class; of many the lowest."""
    title, shown = "recall of each class", by_class
    if len(by_class) > LISTED:
        shown = sorted((one for one in by_class if one.recall.n), key=lambda one: one.recall.value)[:LOWEST]
        title = f"recall: the lowest {len(shown)} of {len(by_class):,} classes"
    table = metric_table(title, "%", "95 % interval", "n", first="class")
    for one in shown:
        table.add_row(Text(one.name), *_cells(one.recall))
    return table


def _cells(metric: Score) -> tuple[str, str, str]:
    known = metric.n and not math.isnan(metric.low)
    interval = f"{100 * metric.low:.2f} … {100 * metric.high:.2f}" if known else "–"
    return f"{100 * metric.value:.2f}" if metric.n else "–", interval, f"{metric.n:,}"


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


def keys_set(chosen: DictConfig) -> set[str]:
    """The keys of ``data`` that are not null; their values may name keys that only the run has."""
    values = OmegaConf.to_container(chosen, resolve=False)
    assert isinstance(values, dict)
    return {str(key) for key, value in values.items() if value is not None}


def read_data(data: DataModule, run: Run, checkpoint: str, chosen: DictConfig) -> None:
    """Read the data of ``data_of``; report in one line how the run's own data have changed."""
    if not keys_set(chosen) <= LOADING:
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
    """Test the run ``config.run`` on its own data, or on those that ``config.data`` names instead.

    Writes a folder: ``metrics.json``, whose contents are returned, ``environment.json`` with versions, device
    and commit, and the files of ``write_report``.
    """
    run = Run.open(config.run)
    module = training.load_module(run, config.checkpoint)
    module.record = training.Record.read(run, module) if config.checkpoint == "best" else None
    data = data_of(run, module, config.data)
    read_data(data, run, config.checkpoint, config.data)
    if data.classes != module.classes:
        raise UserError(f"data: classes {data.classes} are not the run's {module.classes}")
    Console().print(data.summary, highlight=False, markup=False)
    trainer = training.build_trainer(run.config, None, [])
    tested = test(trainer, module, data, None)
    folder = Path(config.output or run.output / "evaluations" / unique_name()).absolute()
    make_folder("output", folder)
    names = {key: config.choices.get(key) or run.config.choices[key] for key in ("model", "data")}
    title = f"{names['model']} on {names['data']}"
    metrics = {
        "run": str(run.folder),
        "checkpoint": config.checkpoint,
        "domain": run.config.domain.name,
        **names,
    }
    metrics |= report(folder, tested, data.classes, title, config.figures)
    write_json(folder / "environment.json", environment(trainer.strategy.root_device, str(trainer.precision)))
    write_json(folder / "metrics.json", metrics)
    print_line(f"evaluation: {folder}")
    return metrics
