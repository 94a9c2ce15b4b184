"""The results of an entry: accuracy over seeds and test items, and its difference from another entry's."""

import csv
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class Result:
    """A finished entry; each list has an item for the run of each seed."""

    facts: dict[str, Any]  # of its network, see ``profile.Facts``
    metrics: list[dict[str, Any]]
    tested: list[Mapping[str, np.ndarray]]  # test items: item, label, label_rank, group, each (N,)
    classes: list[list[str]]  # names by label
    orders: list[str]  # digests of the training items in their order
    rate: float  # of learning
    factor: float  # which multiple of the recipe's it is
    same_items: bool  # all seeds have the same test items

    @cached_property
    def accuracy(self) -> Estimate:
        """Over seeds and test items."""
        return estimate(self._samples(".*"), self.same_items)

    @property
    def seconds(self) -> float:
        """Of training, the median over seeds: the CPU's where that is what trains, else the clock's."""
        key = "cpu_seconds" if self.facts["accelerator"] == "cpu" else "train_seconds"
        return float(np.median([metrics[key] for metrics in self.metrics]))

    def against(self, other: "Result", pattern: str = ".*") -> Estimate | None:
        """Its accuracy less the other's, paired, on the classes whose name the expression matches.

        None where there are no items, or not the same.
        """
        pairs = list(zip(self.tested, other.tested, strict=True))
        if not all(np.array_equal(a[key], b[key]) for a, b in pairs for key in ("item", "label", "group")):
            return None
        mine = self._samples(pattern)
        if not all(len(sample.values) for sample in mine):
            return None
        return difference(mine, other._samples(pattern), self.same_items)

    def _samples(self, pattern: str) -> list[Sample]:
        """Right or wrong for each seed and test item."""
        samples = []
        for names, columns, share in zip(self.classes, self.tested, self._shares, strict=True):
            labels = [label for label, name in enumerate(names) if re.fullmatch(pattern, name, re.DOTALL)]
            chosen = np.isin(columns["label"], labels)
            right = (columns["label_rank"] == 0)[chosen].astype(float)
            samples.append(Sample(right, columns["group"][chosen], share))
        return samples

    @property
    def _shares(self) -> list[float]:
        """Test items to training items of each seed; a run of an older version does not know the latter."""
        tests = [len(np.unique(columns["item"])) for columns in self.tested]
        return [
            test / (metrics.get("train_items") or max(sum(tests) - test, 1))
            for test, metrics in zip(tests, self.metrics, strict=True)
        ]


Results = Mapping[tuple[str, str], Result]  # by task and design


def results(entries: Iterable[Entry]) -> Results:
    """The finished entries."""
    runs = {entry: entry.finished for entry in entries}
    return {(entry.task, entry.design): _result(entry, ended) for entry, ended in runs.items() if ended}


def _result(entry: Entry, runs: list[Run]) -> Result:
    assert entry.facts
    assert entry.factor
    return Result(
        facts=entry.facts,
        metrics=[run.metrics for run in runs],
        tested=[_columns(run.folder / "test_items.npz") for run in runs],
        classes=[_classes(run.folder / "confusion.csv") for run in runs],
        orders=[read_order(run.folder) for run in runs],
        rate=runs[0].config.optimizer.lr,
        factor=entry.factor,
        same_items=entry.same_items,
    )


def _columns(file: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in ("item", "label", "label_rank", "group")}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise UserError(f"{file}: broken ({error}); delete the folder, and it is trained again") from error


def _classes(file: Path) -> list[str]:
    with file.open(newline="") as text:
        return [plain_cell(cell) for cell in next(csv.reader(text))[1:]]


def write_csv(path: Path, entries: Iterable[Entry]) -> None:
    """One row per training, those of the search too; for a failed entry one row with the reason."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        of_entry = {"task": entry.task, "design": entry.design}
        if entry.failure:
            rows.append({**of_entry, "use": "failed", "reason": entry.failure})
        for use, jobs in (("search", entry.search()), ("compared", entry.trainings())):
            for job in jobs:
                if run := job.run:
                    rows.append({**of_entry, "use": use, **_row(run, job.factor), **(entry.facts or {})})
    columns = list(dict.fromkeys(key for row in rows for key in row))
    write(path, csv_text(columns, ([row.get(name) for name in columns] for row in rows)))


def _row(run: Run, factor: float) -> dict[str, Any]:
    metrics, config = run.metrics, run.config
    low, high = metrics.get("test/acc/interval", (None, None))
    return {
        **{key: metrics[key] for key in ("domain", "model", "data", "seed")},
        "lr": config.optimizer.lr,
        "lr factor": factor,
        "samples": config.data.epoch_size * config.trainer.max_epochs,
        **{key: metrics[key] for key in ("steps", "train_seconds", "cpu_seconds", ACCURACY)},
        **{"test/acc": metrics.get("test/acc"), "test/acc low": low, "test/acc high": high},
        "test/n": metrics.get("test/n"),
        "order": read_order(run.folder)[:16],
    }
