"""What the trainings of a cell gave: figures over seeds and test items, to be held against another's."""

import csv
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from shared.compare.entry import Cell
from shared.compare.item_order import read_order
from shared.compare.statistics import Estimate, Sample, difference, estimate
from shared.config import ACCURACY
from shared.errors import UserError
from shared.files import csv_text, plain_cell, write
from shared.runs import Run


class Result:
    """A finished cell.

    Attributes:
        cell: Its task and design.
        metrics: of each seed's run.
        facts: Parameters, FLOPs, design choices, latency.
        accuracy: Over seeds and test items.
        seconds: of training, the median over seeds: CPU's where that is what trains, else the clock's.
    """

    def __init__(self, cell: Cell, runs: Sequence[Run]):
        self.cell, self.runs = cell, runs
        self.metrics = [run.metrics for run in runs]
        assert cell.facts
        self.facts: dict[str, Any] = cell.facts
        self._tested = [_columns(run.folder / "test_items.npz") for run in runs]
        self.accuracy = estimate(self.samples(), cell.same_items)
        key = "cpu_seconds" if self.facts["accelerator"] == "cpu" else "train_seconds"
        self.seconds = float(np.median([each[key] for each in self.metrics]))

    def samples(self, classes: str | None = None) -> list[Sample]:
        """Right or wrong for each seed and test item, of the classes whose name the expression matches."""
        found = []
        for run, columns in zip(self.runs, self._tested, strict=True):
            chosen = _of_classes(run, columns["label"], classes) if classes else slice(None)
            found.append(Sample((columns["label_rank"] == 0)[chosen].astype(float), columns["group"][chosen]))
        return found

    def against(self, other: "Result", classes: str | None = None) -> Estimate | None:
        """Its accuracy less the other's, paired; None where there are no items, or not the same."""
        pairs = list(zip(self._tested, other._tested, strict=True))
        if not all(np.array_equal(a[key], b[key]) for a, b in pairs for key in ("item", "label", "group")):
            return None
        mine, its = self.samples(classes), other.samples(classes)
        if not all(len(each.values) for each in mine):
            return None
        return difference(mine, its, self.cell.same_items)

    @property
    def orders(self) -> list[str]:
        """For each seed, what stands for the items that were trained on, in their order."""
        return [read_order(run.folder) for run in self.runs]


def _columns(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in ("item", "label", "label_rank", "group")}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise UserError(f"{file}: broken ({error}); delete the folder, and it is trained again") from error


def _of_classes(run: Run, label: np.ndarray, pattern: str) -> np.ndarray:
    with (run.folder / "confusion.csv").open(newline="") as file:
        names = [plain_cell(cell) for cell in next(csv.reader(file))[1:]]
    return np.isin(label, [number for number, name in enumerate(names) if re.fullmatch(pattern, name)])


def results(cells: Iterable[Cell]) -> dict[tuple[str, str], Result]:
    """The finished cells by task and design."""
    runs = {cell: cell.finished for cell in cells}
    return {(cell.task, cell.design): Result(cell, found) for cell, found in runs.items() if found}


def write_csv(path: Path, cells: Iterable[Cell]) -> None:
    """A row a training, those of the search too; of a failed cell one row that says why."""
    rows: list[dict[str, Any]] = []
    for cell in cells:
        of_cell = {"task": cell.task, "design": cell.design}
        facts = cell.facts or {}
        if cell.failure:
            rows.append({**of_cell, "use": "failed", "reason": cell.failure})
        for use, trainings in (("search", cell.search()), ("compared", cell.trainings())):
            for training in trainings:
                if run := training.run:
                    rows.append({**of_cell, "use": use, **_row(run, training.factor), **facts})
    columns = list(dict.fromkeys(key for row in rows for key in row))
    write(path, csv_text(columns, ([row.get(name) for name in columns] for row in rows)))


def _row(run: Run, factor: float) -> dict[str, Any]:
    metrics, config = run.metrics, run.config
    low, high = metrics.get("test/acc/interval", (None, None))
    return {
        "domain": metrics["domain"],
        "model": metrics["model"],
        "data": metrics["data"],
        "seed": metrics["seed"],
        "lr": config.optimizer.lr,
        "lr factor": factor,
        "samples": config.data.epoch_size * config.trainer.max_epochs,
        **{key: metrics[key] for key in ("steps", "train_seconds", "cpu_seconds", ACCURACY)},
        "test/acc": metrics.get("test/acc"),
        "test/acc low": low,
        "test/acc high": high,
        "test/n": metrics.get("test/n"),
        "order": read_order(run.folder)[:16],
    }
