"""The results of an entry: accuracy over seeds and test items, and its difference from another entry's."""

import csv
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from shared.compare.entry import Entry
from shared.compare.item_order import read_order
from shared.compare.statistics import Estimate, Sample, difference, estimate
from shared.config import ACCURACY
from shared.errors import UserError
from shared.files import csv_text, plain_cell, write
from shared.runs import Run


class Result:
    """A finished entry.

    Attributes:
        entry: The entry.
        metrics: of each seed's run.
        facts: Parameters, FLOPs, design choices, latency.
        accuracy: Over seeds and test items.
        seconds: of training, the median over seeds: CPU's where that is what trains, else the clock's.
    """

    def __init__(self, entry: Entry, runs: Sequence[Run]):
        self.entry, self.runs = entry, runs
        self.metrics = [run.metrics for run in runs]
        assert entry.facts
        self.facts: dict[str, Any] = entry.facts
        self._tested = [_columns(run.folder / "test_items.npz") for run in runs]
        self.accuracy = estimate(self.samples(), entry.same_items)
        key = "cpu_seconds" if self.facts["accelerator"] == "cpu" else "train_seconds"
        self.seconds = float(np.median([metrics[key] for metrics in self.metrics]))

    def samples(self, classes: str | None = None) -> list[Sample]:
        """Right or wrong for each seed and test item, of the classes whose name the expression matches."""
        samples = []
        for run, columns in zip(self.runs, self._tested, strict=True):
            chosen = _of_classes(run, columns["label"], classes) if classes else slice(None)
            samples.append(
                Sample((columns["label_rank"] == 0)[chosen].astype(float), columns["group"][chosen])
            )
        return samples

    def against(self, other: "Result", classes: str | None = None) -> Estimate | None:
        """Its accuracy less the other's, paired; None where there are no items, or not the same."""
        pairs = list(zip(self._tested, other._tested, strict=True))
        if not all(np.array_equal(a[key], b[key]) for a, b in pairs for key in ("item", "label", "group")):
            return None
        mine, its = self.samples(classes), other.samples(classes)
        if not all(len(sample.values) for sample in mine):
            return None
        return difference(mine, its, self.entry.same_items)

    @property
    def orders(self) -> list[str]:
        """For each seed, the digest of the training items in their order."""
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


def results(entries: Iterable[Entry]) -> dict[tuple[str, str], Result]:
    """The finished entries by task and design."""
    runs = {entry: entry.finished for entry in entries}
    return {(entry.task, entry.design): Result(entry, ended) for entry, ended in runs.items() if ended}


def write_csv(path: Path, entries: Iterable[Entry]) -> None:
    """One row per training, those of the search too; for a failed entry one row with the reason."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        of_entry = {"task": entry.task, "design": entry.design}
        facts = entry.facts or {}
        if entry.failure:
            rows.append({**of_entry, "use": "failed", "reason": entry.failure})
        for use, trainings in (("search", entry.search()), ("compared", entry.trainings())):
            for training in trainings:
                if run := training.run:
                    rows.append({**of_entry, "use": use, **_row(run, training.factor), **facts})
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
