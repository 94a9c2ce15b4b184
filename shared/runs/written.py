"""What the YAML and JSON files of a run hold: read, checked, and then safe to use key by key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from shared.config import ACCURACY, Monitor, check_known, check_value, find_domain
from shared.errors import UserError, named
from shared.files import read_json, read_yaml

# Keys that older runs lack, with what they did.
LATER_KEYS = {"runs": "runs", "test": True, "resume": None, "logger": {"tensorboard": {}}, "callbacks": {}}


class Trainer(TypedDict):
    """The keys of ``trainer`` that are read before Lightning is."""

    accelerator: str
    devices: int | str | list[int]
    precision: str | int
    enable_progress_bar: bool
    max_epochs: NotRequired[int | None]
    compile: NotRequired[bool]


class Training(TypedDict):
    """The keys of ``training``."""

    label_smoothing: float
    ema: float | None
    patience: int | None
    monitor: NotRequired[str]
    mode: NotRequired[Literal["max", "min"]]


class Choices(TypedDict):
    """The files of ``conf/`` that name model and data in tables."""

    model: str | None
    data: str | None


class Config(TypedDict):
    """The keys of a run's configuration that commands read; others are kept, and unused."""

    seed: int
    runs: NotRequired[str]
    test: NotRequired[bool]
    resume: NotRequired[str | None]
    domain: dict[str, Any]
    model: dict[str, Any]
    data: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    trainer: dict[str, Any]
    training: dict[str, Any]
    logger: NotRequired[dict[str, Any]]
    callbacks: NotRequired[dict[str, Any]]
    choices: dict[str, Any]


class Metrics(TypedDict):
    """The keys of ``metrics.json`` that every training has; beside them stand those of its test."""

    domain: str
    model: str | None
    data: str | None
    seed: int
    params: int
    flops: int
    epochs: int
    steps: int
    train_seconds: float
    cpu_seconds: NotRequired[float]
    samples_per_second: float


class Environment(TypedDict):
    """The keys of ``environment.json``."""

    python: str
    platform: str
    versions: dict[str, str | None]
    device: str
    accelerator: str
    precision: str
    threads: int
    commit: str | None


def read_config(path: Path) -> dict[str, Any]:
    """The configuration of a run: its keys are there and of their types, its domain is one of the project's.

    Of ``domain`` the name is left, see ``_domain``; the arguments of model, data, optimizer and schedule are
    checked where they are used.

    Raises:
        UserError: Naming the file and the key.
    """
    config: dict[str, Any] = LATER_KEYS | read_yaml(path)
    with named(path):
        check_known(config, Config)
        config["domain"] = {"name": _domain(config["domain"])}
        for key, kind in {"trainer": Trainer, "training": Training, "choices": Choices}.items():
            check_known(config[key], kind, key)
        config["training"] = {"monitor": Monitor().name, "mode": Monitor().mode} | config["training"]
    return config


def read_metrics(path: Path) -> dict[str, Any]:
    """The metrics of a run: numbers by name, with the interval of some; NaN where there was nothing to count.

    Raises:
        UserError: Naming the file and the key.
    """
    metrics = read_json(path)
    with named(path):
        check_known(metrics, Metrics)
        check_value(metrics.get(ACCURACY), float, ACCURACY)
        for key, value in metrics.items():
            if "/" in key:
                _check_metric(value, key)
    return metrics


def read_environment(path: Path) -> dict[str, Any]:
    """What a run's results depended on beside its configuration.

    Raises:
        UserError: Naming the file and the key.
    """
    environment = read_json(path)
    with named(path):
        check_known(environment, Environment)
    return environment


def _check_metric(value: Any, key: str) -> None:
    pair = key.endswith("/interval")
    numbers = value if pair and isinstance(value, list) and len(value) == 2 else [value]
    if (pair and len(numbers) != 2) or not all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    ):
        raise UserError(f"{key}: must be {'two numbers' if pair else 'a number'}, got {str(value)[:80]!r}")


def _domain(node: Mapping[str, Any]) -> str:
    """The domain's name, which older runs wrote with the Python names of its parts beside it."""
    name = node.get("name")
    parts = find_domain(name).old_names()  # the name is that of a domain
    legal: dict[str, Any] = {**parts, "bench": f"domains.{name}.bench.bench", "name": name}
    for key, value in node.items():
        if (key, value) not in legal.items():
            raise UserError(
                f"domain.{key[:80]}: must be {legal.get(key, 'absent')}, got {str(value)[:80]!r}; "
                "a run names its domain, and nothing that is called"
            )
    return str(name)
