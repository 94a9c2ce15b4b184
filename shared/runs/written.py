"""What the YAML and JSON files of a run hold: read, checked, and then safe to use key by key.

What is broken raises a ``UserError`` that names the file and the key.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from shared.config import ACCURACY, Balance, Loss, Monitor, check_known, check_value, find_domain
from shared.errors import UserError, named
from shared.files import read_json, read_yaml

# Keys that older runs lack, with what they did.
LATER_KEYS: dict[str, Any] = {
    "runs": "runs", "test": True, "report": True, "resume": None, "init": None, "freeze": [],
    "logger": {"tensorboard": {}}, "callbacks": {}, "figures": "png",
}  # fmt: skip

SECTIONS = ("domain", "model", "data", "optimizer", "schedule", "logger", "callbacks")  # any mappings


class _Trainer(TypedDict):  # the keys that are read before Lightning is
    accelerator: str
    devices: int | str | list[int]
    precision: str | int
    enable_progress_bar: bool
    max_epochs: NotRequired[int | None]
    compile: NotRequired[bool]


class _Training(TypedDict):
    label_smoothing: float
    ema: float | None
    patience: int | None
    loss: NotRequired[Loss]
    balance: NotRequired[Balance]
    monitor: NotRequired[str]
    mode: NotRequired[Literal["max", "min"]]
    teacher: NotRequired[str | None]
    teacher_share: NotRequired[float]
    seconds: NotRequired[float | None]


class _Choices(TypedDict):  # files of ``conf/`` that name model and data in tables
    model: str | None
    data: str | None


class _Config(TypedDict):  # beside SECTIONS
    seed: int
    runs: str
    report: bool
    test: bool
    resume: str | None
    init: str | None
    freeze: list[str]


class _Metrics(TypedDict):  # of every training; beside them stand those of its test
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


class _Environment(TypedDict):
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

    Of ``domain`` the name is left; the arguments of model, data, optimizer and schedule are checked where
    they are used.
    """
    config: dict[str, Any] = LATER_KEYS | read_yaml(path)
    with named(path):
        check_known(config, _Config)
        for key in SECTIONS:
            check_value(config.get(key), dict, key)
        config["domain"] = {"name": _domain(config["domain"])}
        for key, kind in {"trainer": _Trainer, "training": _Training, "choices": _Choices}.items():
            check_value(config.get(key) or {}, dict, key)
            check_known(config.get(key) or {}, kind, key)
        later: dict[str, Any] = {
            "loss": "cross_entropy", "balance": None, "teacher": None, "teacher_share": 0.5, "seconds": None,
            "monitor": Monitor().name, "mode": Monitor().mode,
        }  # fmt: skip
        config["training"] = later | config["training"]
    return config


def read_metrics(path: Path) -> dict[str, Any]:
    """The metrics of a run: numbers by name, with the interval of some; NaN where nothing was counted."""
    metrics = read_json(path)
    with named(path):
        check_known(metrics, _Metrics)
        check_value(metrics.get(ACCURACY), float, ACCURACY)
        for key, value in metrics.items():
            pair = key.endswith("/interval")
            numbers = value if pair and isinstance(value, list) else [value]
            if "/" in key and [type(number) in (int, float) for number in numbers] != [True] * (1 + pair):
                kind = "two numbers" if pair else "a number"
                raise UserError(f"{key}: must be {kind}, got {str(value)[:80]!r}")
    return metrics


def read_environment(path: Path) -> dict[str, Any]:
    """What a run's results depended on beside its configuration."""
    environment = read_json(path)
    with named(path):
        check_known(environment, _Environment)
    return environment


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
