"""One configuration trained several times: over seeds, folds, or whatever else is listed."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shared.commands.evaluate import metric_table
from shared.commands.train import is_first_process, train_once
from shared.config import ACCURACY, Console, check_training, known_keys, nearest_key, plain, print_line
from shared.errors import UserError, named
from shared.files import held, write_json
from shared.results import Spread, collapsed, spread_of


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
    name = digest([plain(settings) | {"runs": "runs"}, over])
    folder = Path(settings.runs).absolute() / "repeat" / f"{settings.domain.name}-{name}"
    combinations = _combinations(over)
    configs = [_configuration(settings, values, folder) for values in combinations]
    console = Console()
    with held(folder, is_first_process()):
        runs: list[dict[str, Any]] = []
        for number, (values, config) in enumerate(zip(combinations, configs, strict=True), start=1):
            console.rule(f"{number} of {len(configs)}: {', '.join(_words(values))}")
            runs.append(train_once(config))
        metrics = {
            key: [float(run[key]) for run in runs]
            for key, value in runs[0].items()
            if isinstance(value, int | float) and "/" in key and not key.endswith("/n")
            if all(key in run for run in runs)  # one that was finished before a metric was added lacks it
        }
        folds = [json.dumps(plain(config.data), sort_keys=True) for config in configs]
        share = float(np.mean([_share(run) for run in runs]))
        spreads = {name: spread_of(numbers, folds, share) for name, numbers in metrics.items()}
        summary = {"over": over, "runs": [run["run"] for run in runs]}
        figures = {name: spread._asdict() for name, spread in spreads.items()}
        write_json(folder / "summary.json", summary | {"figures": figures})
        title = f"{runs[0]['model']} on {runs[0]['data']}, {len(runs)} trainings"
        table = metric_table(title, "mean", "std", "95 % interval of the mean", "median", "lowest", "highest")
        for name, numbers in metrics.items():
            mean, std, low, high, _, median = (100 * value for value in spreads[name])
            cells = f"{mean:.2f}", f"{std:.2f}", f"{low:.2f} … {high:.2f}", f"{median:.2f}"
            table.add_row(name, *cells, f"{100 * min(numbers):.2f}", f"{100 * max(numbers):.2f}")
        console.print(table)
        for place, below in collapsed(metrics.get("test/acc", metrics[ACCURACY])):
            words = ", ".join(_words(combinations[place]))
            print_line(f"{words}: {100 * below:.1f} points below the median of the trainings")
        print_line(f"repeat: {folder}")
        return spreads


def _share(run: dict[str, Any]) -> float:
    """Test items to training items; 0 of a run that was not tested, or of an older version."""
    file = Path(run["run"]) / "test_items.npz"
    if "train_items" not in run or not file.exists():
        return 0.0
    with np.load(file, allow_pickle=False) as columns:
        return len(np.unique(columns["item"])) / max(run["train_items"], 1)


def digest(settings: Any) -> str:
    """A digest, ten characters long, of plain values."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:10]


def _combinations(over: dict[str, Any]) -> list[dict[str, Any]]:
    for key, values in over.items():
        if key == "init":
            raise UserError(f"repeat.over.init: must not be set, got {values}; give init= to the command")
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
    config.runs = str(folder / ",".join(_words(values)).replace("/", "-"))
    with named("repeat.over"):
        check_training(config)
    return config


def _words(values: dict[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in values.items()]
