"""One configuration trained several times: over seeds, folds, or whatever else is listed."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from rich.table import Table

from shared.commands.train import is_first_process, train_once
from shared.config import check_training, known_keys, nearest_key, plain, print_line
from shared.errors import UserError
from shared.files import held, write_json
from shared.results import Spread, spread_of


def repeat(config: DictConfig) -> dict[str, Spread]:
    """Train once for each combination of ``config.repeat.over`` and return the metrics over all of them.

    Every training is a run folder of its own inside one folder, whose name follows from the configuration:
    the same command resumes where an earlier one stopped, and trains nothing twice. ``summary.json`` holds
    the metrics.

    Raises:
        InUseError: Another process works on these trainings.
        UserError: ``repeat.over`` names no values or a key that does not exist, or a training cannot be done.
    """
    over = plain(config.repeat.over) if config.repeat.over else {"seed": [0, 1, 2, 3, 4]}
    settings = OmegaConf.masked_copy(config, [str(key) for key in config if key != "repeat"])
    folder = _folder(settings, over)
    combinations = _combinations(over)
    configs = [_configuration(settings, values, folder) for values in combinations]
    console = Console()
    runs: list[dict[str, Any]] = []
    with held(folder, is_first_process()):
        for number, (values, config) in enumerate(zip(combinations, configs, strict=True), start=1):
            settings_text = ", ".join(f"{key}={value}" for key, value in values.items())
            console.rule(f"{number} of {len(combinations)}: {settings_text}")
            runs.append(train_once(config))
        return _summary(over, runs, folder, console)


def _summary(
    over: dict[str, Any], runs: list[dict[str, Any]], folder: Path, console: Console
) -> dict[str, Spread]:
    """Write ``summary.json`` and print the table."""
    metrics = {
        key: spread_of([float(run[key]) for run in runs])
        for key, value in runs[0].items()
        if isinstance(value, int | float) and "/" in key and not key.endswith("/n")
    }
    write_json(
        folder / "summary.json",
        {
            "over": over,
            "runs": [run["run"] for run in runs],
            "figures": {name: spread._asdict() for name, spread in metrics.items()},
        },
    )
    console.print(_table(metrics, runs))
    print_line(f"repeat: {folder}")
    return metrics


def _folder(settings: DictConfig, over: dict[str, list[Any]]) -> Path:
    """The folder of these trainings, named by all settings but ``runs``."""
    named = digest([plain(settings) | {"runs": "runs"}, over])
    return Path(settings.runs).absolute() / "repeat" / f"{settings.domain.name}-{named}"


def digest(settings: Any) -> str:
    """A digest, ten characters long, of plain values."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:10]


def _combinations(over: dict[str, Any]) -> list[dict[str, Any]]:
    for key, values in over.items():
        if not isinstance(values, list) or not values:
            raise UserError(f"repeat.over.{key}={values}: give a list of values, such as [0,1,2]")
    return [dict(zip(over, values, strict=True)) for values in itertools.product(*over.values())]


def _configuration(settings: DictConfig, values: dict[str, Any], folder: Path) -> DictConfig:
    """The configuration of one training."""
    config = settings.copy()
    OmegaConf.set_struct(config, True)  # a key that does not exist is a mistake, not a new one
    for key, value in values.items():
        try:
            OmegaConf.update(config, key, value, force_add=False)
        except OmegaConfBaseException as error:
            remedy = nearest_key(key, known_keys(settings))
            raise UserError(f"repeat.over.{key}: there is no such key; {remedy}") from error
    config.runs = str(folder / ",".join(f"{key}={value}" for key, value in values.items()).replace("/", "-"))
    try:
        check_training(config)
    except UserError as error:
        raise UserError(f"repeat.over: {error}") from None
    return config


def _table(metrics: dict[str, Spread], runs: list[dict[str, Any]]) -> Table:
    first = runs[0]
    table = Table(title=f"{first['model']} on {first['data']}, {len(runs)} trainings")
    table.add_column("metric")
    for name in ("mean", "std", "95 % interval of the mean", "lowest", "highest"):
        table.add_column(name, justify="right")
    for name, spread in metrics.items():
        values = [float(run[name]) for run in runs]
        table.add_row(
            name,
            f"{100 * spread.mean:.2f}",
            f"{100 * spread.std:.2f}",
            f"{100 * spread.low:.2f} … {100 * spread.high:.2f}",
            f"{100 * min(values):.2f}",
            f"{100 * max(values):.2f}",
        )
    return table
