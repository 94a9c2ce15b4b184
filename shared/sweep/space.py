"""The space of a search: keys and groups of the configuration, and the values that each may take."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import BaseTrial

from shared.config import known_keys
from shared.errors import UserError, nearest, require_number

Compose = Callable[[list[str]], DictConfig]  # from overrides of groups to a training's configuration

# Keys that a search sets itself.
OWN = ("runs", "test", "resume", "init", "choices", "n_trials", "storage", "sweep", "experiment")
WORDS = ("high", "log", "low", "step")  # of a range


class Space:
    """The values that a trial may take.

    ``space`` has for each key or group a list of values, or a range ``{low, high}`` with ``log: true`` or
    ``step``; a range of whole numbers gives whole numbers. Other keys and values are a ``UserError``. A key
    that only some of the chosen files have, such as ``optimizer.momentum``, is not set in trials whose files
    lack it.
    """

    def __init__(self, space: Mapping[str, Any], compose: Compose):
        if not space:
            raise UserError(
                "sweep.space: must have keys, got none; choose a file of conf/sweep, such as sweep=go/policy"
            )
        self.compose, self.space = compose, space
        base = compose([])
        groups = {str(name) for name in base.choices if name not in OWN}
        self.values = {key: _values(f"sweep.space.{key}", value) for key, value in space.items()}
        self.groups = [key for key in space if key in groups]
        legal = groups.union(known_keys(base))
        for group in self.groups:
            if not isinstance(space[group], list):
                raise UserError(
                    f"sweep.space.{group}: must be a list of files of conf/{group}/, got {space[group]}"
                )
            for choice in space[group]:
                legal.update(known_keys(compose([f"{group}={choice}"])))
        legal = {key for key in legal if key.split(".")[0] not in OWN}
        for key in space:
            if key not in legal:
                raise UserError(f"sweep.space.{key}: there is no such key; {nearest(key, sorted(legal))}")

    def configure(self, trial: BaseTrial) -> DictConfig:
        """The configuration of a trial; values that the trial already has stay."""
        config = self.compose([f"{key}={self._suggest(trial, key)}" for key in self.groups])
        there = set(known_keys(config))
        for key in self.values:
            if key not in self.groups and key in there:
                OmegaConf.update(config, key, self._suggest(trial, key), merge=False, force_add=False)
        return config

    def _suggest(self, trial: BaseTrial, key: str) -> Any:
        method, arguments = self.values[key]
        return self.plain({key: getattr(trial, method)(key, **arguments)})[key]

    def plain(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a trial as they are in its configuration."""
        return {
            key: next(choice for choice in self.space[key] if _encoded(choice) == value)
            if isinstance(self.space[key], list)
            else value
            for key, value in params.items()
        }


def _values(name: str, values: Any) -> tuple[str, dict[str, Any]]:
    """Which method of a trial suggests a value, and its arguments."""
    if isinstance(values, list):
        choices = [_encoded(value) for value in values]
        if not choices or len(set(choices)) < len(choices):
            raise UserError(f"{name}: must be a list of different values, got {values}")
        return "suggest_categorical", {"choices": choices}
    if not isinstance(values, dict) or not {"low", "high"} <= set(values):
        raise UserError(f"{name}: must be a list of values or {{low: …, high: …}}, got {values}")
    for word in values:
        if word not in WORDS:
            raise UserError(f"{name}.{word}: there is no such key; {nearest(str(word), list(WORDS))}")
    numbers = [values[word] for word in ("low", "high", "step") if word in values]
    for number in numbers:
        require_number(f"{name}: low, high and step", number, -sys.float_info.max, sys.float_info.max)
    if not isinstance(values.get("log", False), bool):
        raise UserError(f"{name}.log: must be true or false, got {values['log']}")
    whole = all(isinstance(number, int) for number in numbers)
    try:
        (IntDistribution if whole else FloatDistribution)(**values)
    except ValueError as error:
        raise UserError(f"{name}: must be a range, got {values}; {error}") from error
    return "suggest_int" if whole else "suggest_float", values


def _encoded(value: Any) -> Any:
    """Optuna keeps single values only: lists and mappings become JSON."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def short_names(names: Iterable[str]) -> dict[str, str]:
    """The last words of keys where these are unique: ``lr`` for ``optimizer.lr``."""
    last = {name: name.split(".")[-1] for name in names}
    return {name: word if list(last.values()).count(word) == 1 else name for name, word in last.items()}
