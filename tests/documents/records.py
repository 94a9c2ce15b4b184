"""Records: a JSON file in docs/records for each run or measurement that the documents rest on.

A record has the command, the commit of the code, versions, device, seeds, the configuration, the metrics with
n and 95 % interval, and digests of the answers to each test item. What is not known of older ones is null.
"""

import hashlib
import json
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict, cast

import numpy as np

from shared.config import check_value
from shared.errors import UserError, named
from shared.files import read_json, read_yaml
from shared.results import spread_of

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "records"
COMMIT = re.compile(r"[0-9a-f]{7,40}(-dirty)?")  # dirty: with changes that were not committed
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")
CHECKS = ("planted evidence", "deletion", "insertion", "randomised weights", "gradient")  # others make inputs
MOST_CLASSES = 20  # whose recall is recorded
LARGEST = 256 * 1024  # bytes of a record
GROUPS = {"go": "new games", "speech": "new speakers"}


class Metric(TypedDict):
    """A measured number; an accuracy is one in [0, 1]."""

    value: float
    interval: NotRequired[list[float]]  # 95 %; of seconds over several trainings: the lowest and the highest
    n: NotRequired[int]


class Contents(TypedDict):
    """What a record's file holds."""

    command: str  # as a reader types it
    commit: str  # of the code
    date: str  # on which it was measured
    device: str | None  # with threads and precision
    versions: dict[str, str | None] | None
    seeds: list[int] | None
    of: str | None  # what the intervals speak of, such as "new games"
    configuration: dict[str, Any] | None
    metrics: dict[str, Metric]
    answers: list[str] | None  # SHA-256 of each test's items and answers
    note: NotRequired[str]


class Value(float):
    """A number of a record, which knows its record."""

    record: "Record"

    @classmethod
    def of(cls, number: float, record: "Record") -> "Value":
        value = cls(number)
        value.record = record
        return value


class Measured(NamedTuple):
    """A metric of a record, as a template gets it."""

    value: Value
    interval: tuple[Value, Value] | None
    n: Value | None


class Record:
    """A record by its name, the path below docs/records.

    Raises:
        UserError: There is none, it is broken, or a metric is no number in its interval.
    """

    def __init__(self, name: str, folder: Path = FOLDER):
        if not NAME.fullmatch(name):
            raise UserError(f"record: must be a name such as go/policy, got {name!r}")
        self.name, path = name, folder / f"{name}.json"
        if not path.is_file():
            raise UserError(
                f"docs/records/{name}.json: does not exist; python -m tests.documents.results add {name} …"
            )
        with named(f"docs/records/{name}.json"):
            self.contents = _checked(path)

    @property
    def commit(self) -> str:
        """The commit of the code in short, with + if it had changes that were not committed."""
        commit = self.contents["commit"]
        return commit[:7] + "+" * commit.endswith("-dirty")

    def __getitem__(self, metric: str) -> Measured:
        metrics = self.contents["metrics"]
        if metric not in metrics:
            raise UserError(
                f"docs/records/{self.name}.json: has no metric {metric!r}, but {', '.join(metrics)}"
            )
        measured = metrics[metric]
        low_high = [Value.of(bound, self) for bound in measured.get("interval", [])]
        return Measured(
            Value.of(measured["value"], self),
            (low_high[0], low_high[1]) if low_high else None,
            Value.of(measured["n"], self) if "n" in measured else None,
        )

    def items(self) -> list[tuple[str, Measured]]:
        """All metrics, by name."""
        return [(name, self[name]) for name in self.contents["metrics"]]


def _checked(path: Path) -> Contents:
    """The contents of a record's file."""
    if (size := path.stat().st_size) > LARGEST:
        raise UserError(f"must have at most {LARGEST:,} bytes, got {size:,}")
    contents = read_json(path)
    check_value(contents, Contents, "record")
    if not COMMIT.fullmatch(contents["commit"]):
        raise UserError(f"commit: must be 7 to 40 hexadecimal digits, got {contents['commit']!r}")
    for name, metric in contents["metrics"].items():
        interval = metric.get("interval", [metric["value"]] * 2)
        if len(interval) != 2 or not interval[0] <= metric["value"] <= interval[1]:
            raise UserError(f"metrics.{name}: must lie in its interval of two numbers, got {metric}")
    return cast("Contents", contents)


def text(contents: Contents) -> str:
    """A record as JSON, a metric a line."""
    lines = []
    for key, value in contents.items():
        if key == "metrics" and isinstance(value, dict):
            metrics = ",\n".join(f"    {_json(name)}: {_json(metric)}" for name, metric in value.items())
            lines.append(f'  "metrics": {{\n{metrics}\n  }}')
        else:
            lines.append(f"  {_json(key)}: {_json(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def record_of(source: Path, command: str, commit: str | None = None) -> Contents:
    """The record of a run, an evaluation, a repeat, a comparison (their folders) or a JSON file of metrics.

    Raises:
        UserError: The source has no metrics, or its commit is not known.
    """
    if (source / "report.json").is_file():
        return _of_comparison(source, command)
    if (source / "summary.json").is_file() and "runs" in (summary := read_json(source / "summary.json")):
        folders, of = [source / Path(run).relative_to(source) for run in summary["runs"]], "new trainings"
    elif source.is_file() or (source / "metrics.json").is_file():
        folders, of = [source], None
    else:
        raise UserError(f"{source}: must be a JSON file or a folder with metrics.json or summary.json")
    files = [folder if folder.is_file() else folder / "metrics.json" for folder in folders]
    kept = _of_few_classes
    if source.name == "checks.json":
        kept, of = _of_checks, "new inputs"
    runs = [dict(_metrics(kept(read_json(file)))) for file in files]
    beside = files[0].parent
    machine = read_json(path) if (path := beside / "environment.json").is_file() else {}
    if not (commit := commit or machine.get("commit")):
        raise UserError(f"{beside / 'environment.json'}: must name the commit; give --commit")
    settings = [read_yaml(path) for folder in folders if (path := folder / "config.yaml").is_file()]
    device = [str(machine[key]) for key in ("device", "precision") if key in machine]
    device += [f"threads: {machine['threads']}"] if "threads" in machine else []
    tests = [path for folder in folders if (path := folder / "test_items.npz").is_file()]
    return {
        "command": command,
        "commit": commit,
        "date": datetime.fromtimestamp(files[-1].stat().st_mtime, UTC).date().isoformat(),
        "device": ", ".join(device) or None,
        "versions": machine.get("versions"),
        "seeds": sorted({config["seed"] for config in settings}) or None,
        "of": of or _speaks_of(files[0], tests),
        "configuration": _portable(settings[0]) if settings else None,
        "metrics": runs[0] if len(runs) == 1 else _together(runs),
        "answers": [_digest(path) for path in tests] or None,
    }


def _of_comparison(folder: Path, command: str) -> Contents:
    """The record of a comparison's report: each difference, named by its claim, its part and the verdict."""
    report = read_json(folder / "report.json")
    metrics: dict[str, Metric] = {}
    for number, claim in enumerate(report["claims"], 1):
        for part in claim["parts"]:
            if difference := part["difference"]:
                metrics[f"{number}: {_part(part)}: {part['verdict']}"] = {
                    "value": difference["value"],
                    "interval": [difference["low"], difference["high"]],
                    "n": difference["items"],
                }
    trainings = report["trainings"]
    commits = sorted({training["commit"] for training in trainings})
    devices = sorted({f"{training['device']}, {training['precision']}" for training in trainings})
    if len({commit.removesuffix("-dirty") for commit in commits}) > 1:
        raise UserError(f"{folder / 'report.json'}: must be of one commit, got {', '.join(commits)}")
    return {
        "command": command,
        "commit": commits[-1],
        "date": datetime.fromtimestamp((folder / "report.json").stat().st_mtime, UTC).date().isoformat(),
        "device": "; ".join(devices),
        "versions": trainings[0]["versions"],
        "seeds": sorted({training["seed"] for training in trainings}),
        "of": "new seeds, test items and training data",
        "configuration": None,
        "metrics": metrics,
        "answers": None,
    }


def _part(part: Mapping[str, Any]) -> str:
    """What a part of a claim compares, in words."""
    where = part["tasks"] + (f", {part['classes']}" if part["classes"] else "")
    more = f", more than on {part['more_than']}" if part["more_than"] else ""
    gap = "gap of " * (part["measure"] == "gap")
    return f"{gap}{part['better']} against {part['than']} on {where}{more}"


def _of_few_classes(metrics: dict[str, Any]) -> dict[str, Any]:
    """Metrics without the recall of each class where there are many."""
    return {key: value for key, value in metrics.items() if key != "recall" or len(value) <= MOST_CLASSES}


def _of_checks(measures: dict[str, Any]) -> dict[str, Any]:
    """What ``explain.py check`` measured, by check and method; of its controls the highest of each check."""
    metrics: dict[str, Any] = {}
    for name, measure in measures.items():
        check = next((one for one in CHECKS if name.startswith(one)), "made")
        if measure["control"]:
            highest = metrics.get(f"{check}/control", {"value": -math.inf})["value"]
            metrics[f"{check}/control"] = {"value": max(highest, round(measure["value"] or 0.0, 4))}
        elif measure["value"] is not None:  # a map of zeros is like no other
            value, *interval = (round(measure[key], 4) for key in ("value", "low", "high"))
            one = {"value": value, "interval": interval, "n": measure["n"]}
            metrics[f"{check}/{measure['method']}"] = one
    return metrics


def _metrics(values: Any, name: str = "") -> Iterator[tuple[str, Metric]]:
    """The numbers of a JSON file by their path.

    Each is ``x`` with ``x/interval`` and ``x/n``, or ``x: {value, interval, n}``.
    """
    if isinstance(values, list):
        values = {str(place): value for place, value in enumerate(values)}
    if not isinstance(values, dict):
        return
    if _is_number(values.get("value")):
        values = {"": values["value"], "/interval": values.get("interval"), "/n": values.get("n")}
    for key, value in values.items():
        path = f"{name}/{key}".removeprefix("/") if name and key and key[0] != "/" else name + key
        if _is_number(value) and key != "seed" and not key.endswith("/n"):
            metric: Metric = {"value": value}
            interval, n = values.get(f"{key}/interval"), values.get(f"{key}/n")
            if isinstance(interval, list) and all(_is_number(bound) for bound in interval):
                metric["interval"] = interval
            if isinstance(n, int):
                metric["n"] = n
            yield path, metric
        elif not key.endswith("/interval"):
            yield from _metrics(value, path)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _together(runs: list[dict[str, Metric]]) -> dict[str, Metric]:
    """Over trainings: mean and Student's interval; of seconds and speeds median, lowest and highest."""
    metrics: dict[str, Metric] = {}
    for name in [name for name in runs[0] if all(name in run for run in runs)]:
        values = [run[name]["value"] for run in runs]
        spread, share = spread_of(values), min(values) >= 0 and max(values) <= 1 and "loss" not in name
        metric: Metric = {"value": spread.mean, "interval": [spread.low, spread.high]}
        if "/" not in name:
            metric = {"value": statistics.median(values), "interval": [min(values), max(values)]}
        elif share:
            metric["interval"] = [max(0.0, spread.low), min(1.0, spread.high)]
        if min(values) == max(values):
            del metric["interval"]
        if "n" in runs[0][name]:
            metric["n"] = runs[0][name]["n"]
        metrics[name] = metric
    return metrics


def _speaks_of(metrics: Path, tests: Iterable[Path]) -> str | None:
    """What the intervals of one test speak of: items, or the groups that count as one draw."""
    for path in tests:
        with np.load(path, allow_pickle=False) as items:
            if len(np.unique(items["group"])) < len(np.unique(items["item"])):
                return GROUPS.get(read_json(metrics).get("domain", ""), "new groups of items")
        return "new items"
    return None


def _digest(path: Path) -> str:
    """SHA-256 of the items of a test and the answers to them."""
    with np.load(path, allow_pickle=False) as items:
        order = np.argsort(items["item"], kind="stable")
        columns = [np.ascontiguousarray(items[name][order], dtype="<i8") for name in ("item", "answer")]
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


def _portable(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without the paths of one machine: of each absolute path the name."""

    def short(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: short(item) for key, item in value.items()}
        if isinstance(value, list):
            return [short(item) for item in value]
        return Path(value).name if isinstance(value, str) and value.startswith("/") else value

    return {key: short(value) for key, value in config.items() if key != "runs"}
