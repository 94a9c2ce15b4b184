"""The trainings that a law is fitted to: every size with every budget, one after the other."""

from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, ListConfig, OmegaConf

from shared.commands import digest, train_once
from shared.config import ACCURACY, Console, check_training, known_keys, nearest_key, plain, print_line
from shared.errors import UserError, named, require_int, require_number
from shared.files import held
from shared.scaling.law import Trained
from shared.scaling.report import report

LOSS = "val/loss"


def scaling(config: DictConfig) -> Path:
    """Train the grid of ``config.scaling``, fit the law, and write the report; returns its folder.

    The same command resumes where an earlier one stopped, and trains nothing twice. ``flops`` and
    ``resamples``, which train nothing, may change between two calls.

    Raises:
        InUseError: Another process works on these trainings.
        UserError: A key does not exist, or there are too few trainings.
    """
    settled = config.scaling
    sizes, budgets = (_overrides(key, settled[key]) for key in ("sizes", "budgets"))
    require_int("scaling.resamples", settled.resamples, 10)
    flops = list(settled.flops or [])
    for number in flops:
        require_number("scaling.flops", number, 1, 1e30)
    settings = OmegaConf.masked_copy(config, [str(key) for key in config if key != "scaling"])
    settings.test = settings.report = False
    settings.training.update(monitor=LOSS, mode="min")
    name = digest([plain(settings) | {"runs": "runs"}, sizes, budgets])
    folder = Path(settings.runs).absolute() / "scaling" / f"{settings.domain.name}-{name}"
    grid = [(size, budget) for budget in budgets for size in sizes]  # short ones first
    configs = [_configuration(settings, size | budget, folder) for size, budget in grid]
    console, rows = Console(), []
    with held(folder):
        for number, (pair, own) in enumerate(zip(grid, configs, strict=True), start=1):
            console.rule(f"{number} of {len(grid)}: {_words(pair[0] | pair[1])}")
            metrics = train_once(own)
            seen = own.trainer.max_epochs * (own.data.get("epoch_size") or metrics["train_items"])
            rows.append(
                (metrics["params"], seen, 3 * metrics["flops"] * seen, metrics[LOSS], metrics[ACCURACY])
            )
        trained = Trained(*np.array(rows, float).T)
        for line in report(folder, trained, flops, settled.resamples, config.figures):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        print_line(f"scaling: {folder}")
    return folder


def _overrides(key: str, node: Any) -> list[dict[str, Any]]:
    if not isinstance(node, ListConfig) or not node or not all(isinstance(keys, DictConfig) for keys in node):
        raise UserError(
            f"scaling.{key}: must be a list of keys with values, as [{{model.filters: 32}}], got {node}"
        )
    return [plain(keys) for keys in node]


def _configuration(settings: DictConfig, values: dict[str, Any], folder: Path) -> DictConfig:
    """The configuration of one training."""
    config = settings.copy()
    OmegaConf.set_struct(config, True)  # a key that does not exist is a mistake, not a new one
    for key, value in values.items():
        if OmegaConf.select(config, key, default=config) is config:
            raise UserError(f"scaling: {key}: there is no such key; {nearest_key(key, known_keys(settings))}")
        OmegaConf.update(config, key, value, force_add=False)
    config.runs = str(folder / _words(values).replace("/", "-"))
    with named("scaling"):
        check_training(config)
    return config


def _words(values: dict[str, Any]) -> str:
    return ",".join(f"{key}={value}" for key, value in values.items())
