"""What a run's folder says of its network: curve, test metrics, confusion, calibration, mistakes."""

import csv
import math
import zlib
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypedDict
from zipfile import BadZipFile, ZipFile

import numpy as np

from shared.app.networks import Served
from shared.app.page import Grid, Page, View
from shared.config import check_value
from shared.errors import Limit, UserError, named, require_choice
from shared.explain import measured_checks, rows_of
from shared.results import calibration_bins, calibration_error, confusion
from shared.serving import Accuracy, metric

Some = Annotated[int, Limit(1, 50, whole=True)]
CURVE = 2**22  # bytes of metrics.csv
ITEMS = 2**28  # bytes of test_items.npz, unpacked
CLASSES = 400  # of a confusion matrix; a board has 361
COLUMNS = ("item", "label", "answer", "confidence", "group")


class Curve(TypedDict):
    """A row for each epoch."""

    columns: list[str]
    rows: Grid


class Confusion(TypedDict):
    """Test items by true class (row) and predicted class (column)."""

    classes: list[str]
    counts: list[list[int]]


class Bin(TypedDict):
    """Test items of similar confidence."""

    low: float
    high: float
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    n: int


class Calibration(TypedDict):
    """Bins by confidence, and the expected calibration error."""

    bins: list[Bin]
    error: float


Recall = TypedDict("Recall", {"class": str, "value": float | None, "low": float, "high": float, "n": int})


class _Recall(TypedDict):
    """As in ``metrics.json``."""

    value: float | None
    n: int
    interval: tuple[float, float]


class Inside(TypedDict):
    """What the folder holds; null with a reason in ``missing`` where it does not."""

    name: str
    facts: list[tuple[str, str]]
    tests: list[Accuracy]
    curve: Curve | None
    confusion: Confusion | None
    calibration: Calibration | None
    recall: list[Recall]
    checks: list[list[str]]
    missing: dict[str, str]


class Tested(TypedDict):
    """A test item: how it is drawn, its class, and the class that the network predicts."""

    view: View
    name: str
    true: str
    predicted: str
    probability: float


class Examples(TypedDict):
    """Some of the test items that are meant, and how many there are."""

    total: int
    examples: list[Tested]


class Inspected:
    """The folder of a served network."""

    def __init__(self, served: Served):
        self.served, self.folder = served, served.run.folder

    def inside(self, page: Page) -> Inside:
        """Everything but the examples."""
        run, missing = self.served.run, dict[str, str]()
        metrics, config = run.metrics, run.config
        if not metrics:
            missing["tests"] = "the run has not ended: its folder has no metrics.json"
        elif not any(key.startswith("test/") for key in metrics):
            missing["tests"] = "the run was not tested; evaluate.py does"
        curve = tested = None
        try:
            curve = self._curve()
        except UserError as error:
            missing["curve"] = str(error)
        try:
            tested = self.columns
        except UserError as error:
            missing["confusion"] = missing["calibration"] = str(error)
        classes = page.module.classes
        counts = None
        if tested is not None and len(classes) <= CLASSES:
            counts = confusion(tested, len(classes)).tolist()
        elif tested is not None:
            missing["confusion"] = f"the network has {len(classes):,} classes, too many for a matrix"
        seconds = metrics.get("train_seconds")
        facts = {
            "model": config.choices.get("model"),
            "data": config.choices.get("data"),
            "seed": config.seed,
            "epochs": metrics.get("epochs"),
            "training": f"{seconds:,.0f} s" if seconds is not None else None,
            "parameters": f"{sum(weight.numel() for weight in page.module.parameters()):,}",
        }
        checks = measured_checks(run)
        if not checks:
            missing["checks"] = f"the methods were not checked; explain.py check run={self.served.name} does"
        if "recall" not in metrics:
            missing["recall"] = "the recall of each class is not in metrics.json"
        return {
            "name": self.served.name,
            "facts": [(name, str(value)) for name, value in facts.items() if value is not None],
            "tests": [
                metric(metrics, name)
                for name, value in metrics.items()
                if f"{name}/n" in metrics and math.isfinite(value)
            ],
            "curve": curve,
            "confusion": None if counts is None else {"classes": classes, "counts": counts},
            "calibration": None if tested is None else _calibration(tested),
            "recall": self._recall(metrics.get("recall", {})),
            "checks": rows_of(checks) if checks else [],
            "missing": missing,
        }

    def cell(self, page: Page, true: str, predicted: str, count: Some = 12) -> Examples:
        """The test items of a true class for which the network predicts a class, the surest first."""
        classes, columns = page.module.classes, self.columns
        require_choice("true", true, classes)
        require_choice("predicted", predicted, classes)
        meant = columns["label"] == classes.index(true)
        return self._examples(page, meant & (columns["answer"] == classes.index(predicted)), count)

    def mistakes(self, page: Page, count: Some = 12) -> Examples:
        """The test items for which the network is surest of another class than the true one."""
        return self._examples(page, self.columns["label"] != self.columns["answer"], count)

    def _examples(self, page: Page, meant: np.ndarray, count: int) -> Examples:
        rows, columns, adapter = np.flatnonzero(meant), self.columns, page.adapter
        if reason := self.served.no_data:
            raise UserError(reason)
        dataset, classes = adapter.data.test_set, page.module.classes
        if columns["item"].max(initial=0) >= len(dataset):
            raise UserError(
                f"{self.folder / 'test_items.npz'}: must be of the run's own data, which have "
                f"{len(dataset):,} test items; evaluate.py tests it on these"
            )
        rows = rows[np.argsort(-columns["confidence"][rows], kind="stable")][:count]
        examples: list[Tested] = []
        for row in rows.tolist():
            example = adapter.example(dataset, int(columns["item"][row]))
            if "window" in columns:
                example = replace(example, window=int(columns["window"][row]))
            examples.append(
                {
                    "view": page.view(example),
                    "name": example.name,
                    "true": classes[columns["label"][row]],
                    "predicted": classes[columns["answer"][row]],
                    "probability": float(columns["confidence"][row]),
                }
            )
        return {"total": int(meant.sum()), "examples": examples}

    def _recall(self, by_class: Any) -> list[Recall]:
        check_value(by_class, dict[str, _Recall], f"{self.folder / 'metrics.json'}: recall")
        return [
            {"class": name, "value": row["value"], "low": low, "high": high, "n": row["n"]}
            for name, row in by_class.items()
            for low, high in [row["interval"]]
        ]

    def _curve(self) -> Curve:
        file = self._file("metrics.csv")
        if file.stat().st_size > CURVE:
            raise UserError(f"metrics.csv: must have at most {CURVE:,} bytes")
        try:
            columns, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
        except (ValueError, csv.Error) as error:
            raise UserError(f"metrics.csv: broken ({error})") from error
        return {"columns": columns, "rows": [[_number(cell) for cell in row] for row in rows]}

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """The predictions of all test items, see ``Classifier.test_columns``.

        Raises:
            UserError: The folder has none, or they are broken.
        """
        file = self._file("test_items.npz")
        try:
            with ZipFile(file) as packed:
                if sum(member.file_size for member in packed.infolist()) > ITEMS:
                    raise UserError(f"test_items.npz: must have at most {ITEMS:,} bytes unpacked")
            with np.load(file, allow_pickle=False) as stored:
                columns = {key: stored[key] for key in (*COLUMNS, "window") if key in stored}
        except (OSError, ValueError, KeyError, EOFError, MemoryError, BadZipFile, zlib.error) as error:
            raise UserError(f"test_items.npz: broken ({error})") from error
        with named("test_items.npz"):
            self._check(columns)
        return columns

    def _check(self, columns: dict[str, np.ndarray]) -> None:
        classes = len(self.served.page.module.classes)
        lengths = {len(column) for column in columns.values() if column.ndim == 1}
        if not set(COLUMNS) <= set(columns) or len(lengths) != 1 or lengths == {0}:
            raise UserError("must have columns of one length: " + ", ".join(COLUMNS))
        for key in ("item", "label", "answer"):
            column = columns[key]
            most = classes if key != "item" else 2**62
            if column.dtype.kind not in "iu" or column.min() < 0 or column.max() >= most:
                raise UserError(f"{key}: must be whole numbers from 0, and classes of the network")
        confidence = columns["confidence"]
        if confidence.dtype.kind != "f" or not ((confidence >= 0) & (confidence <= 1.0001)).all():
            raise UserError("confidence: must be from 0 to 1")
        if "window" in columns and columns["window"].dtype.kind not in "iu":
            raise UserError("window: must be whole numbers")

    def _file(self, name: str) -> Path:
        file = self.folder / name
        if not file.is_file():
            bundled = "; networks that come with the project have none" if self.served.listed.bundled else ""
            raise UserError(f"the run's folder has no {name}{bundled}")
        return file


def _calibration(columns: dict[str, np.ndarray]) -> Calibration:
    bins: list[Bin] = [
        {
            "low": one.low,
            "high": one.high,
            "confidence": one.confidence,
            "accuracy": one.accuracy.value,
            "accuracy_low": one.accuracy.low,
            "accuracy_high": one.accuracy.high,
            "n": one.accuracy.n,
        }
        for one in calibration_bins(columns)
    ]
    return {"bins": bins, "error": calibration_error(columns)}


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
