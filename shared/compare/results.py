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
from shared.compare.gap import read_training_accuracy
from shared.compare.item_order import read_order
from shared.compare.profile import Facts
from shared.compare.spec import Measure
from shared.compare.statistics import Accuracy, Estimate, Sample, difference, estimate, gaps
from shared.config import ACCURACY
from shared.errors import UserError
from shared.files import csv_text, plain_cell, write
from shared.runs import Run


@dataclass(frozen=True)
class Result:
    """A finished entry; each list has an item for the run of each seed."""

    facts: Facts
    latency: float | None  # seconds of a prediction
    machine: dict[str, Any]  # that trained, see ``environment``
    samples: int  # of each training
    metrics: list[dict[str, Any]]
    tested: list[Mapping[str, np.ndarray]]  # test items: item, label, label_rank, group, each (N,)
    classes: list[list[str]]  # names by label
    orders: list[str]  # digests of the training items in their order
    rate: float  # of learning
    factor: float  # which multiple of the recipe's it is
    at_edge: bool  # it is the lowest or the highest of those that were tried
    same_items: bool  # all seeds have the same test items
    training_accuracy: list[float] | None = None  # where the gap to it is measured

    @cached_property
    def accuracy(self) -> Accuracy:
        """Over seeds and test items."""
        return estimate(self._samples(".*"), self.same_items)

    @property
    def seconds(self) -> float:
        """Of training, the median over seeds: the CPU's where that is what trains, else the clock's."""
        key = "cpu_seconds" if self.machine["accelerator"] == "cpu" else "train_seconds"
        return float(np.median([metrics[key] for metrics in self.metrics]))

    def against(
        self, other: "Result", pattern: str = ".*", measure: Measure = Measure.accuracy
    ) -> Estimate | None:
        """Its accuracy less the other's, paired, on the classes whose name the expression matches.

        None where there are no items, or not the same. Of the gap between training and test accuracy, the
        other's less its own: more is better.
        """
        pairs = list(zip(self.tested, other.tested, strict=True))
        if not all(np.array_equal(a[key], b[key]) for a, b in pairs for key in ("item", "label", "group")):
            return None
        mine = self._samples(pattern)
        if not all(len(sample.values) for sample in mine):
            return None
        if measure == Measure.gap:
            assert self.training_accuracy
            assert other.training_accuracy
            its = gaps(other.training_accuracy, other._samples(pattern))
            return difference(its, gaps(self.training_accuracy, mine), self.same_items)
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


Results = Mapping[tuple[str, str, int], Result]  # by task, design and budget


def results(entries: Iterable[Entry]) -> Results:
    """What is finished: an entry at a budget."""
    return {
        (entry.task, entry.design, budget): _result(entry, budget, ended)
        for entry in entries
        for budget in entry.budgets
        if (ended := entry.finished(budget))
    }


def _result(entry: Entry, budget: int, runs: list[Run]) -> Result:
    factor = entry.factor(budget)
    assert entry.facts
    assert factor
    known = [read_training_accuracy(run.folder) for run in runs]
    return Result(
        facts=entry.facts,
        latency=entry.latency,
        machine=runs[0].machine,
        samples=entry.samples(budget),
        metrics=[run.metrics for run in runs],
        tested=[_columns(run.folder / "test_items.npz") for run in runs],
        classes=[_classes(run.folder / "confusion.csv") for run in runs],
        orders=[read_order(run.folder) for run in runs],
        rate=runs[0].config.optimizer.lr,
        factor=factor,
        at_edge=entry.at_edge(budget),
        same_items=entry.same_items,
        training_accuracy=[one for one in known if one is not None] if entry.measures_gap else None,
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
        size = {key: entry.facts[key] for key in ("params", "flops")} if entry.facts else {}
        if entry.failure:
            rows.append({**of_entry, "use": "failed", "reason": entry.failure})
        for budget in entry.budgets:
            for use, jobs in (("search", entry.search(budget)), ("compared", entry.trainings(budget))):
                for job in jobs:
                    if run := job.run:
                        known = {**of_entry, "budget": budget, "use": use}
                        rows.append({**known, **_row(run, job.factor), **size, "latency": entry.latency})
    columns = list(dict.fromkeys(key for row in rows for key in row))
    write(path, csv_text(columns, ([row.get(name) for name in columns] for row in rows)))


def _row(run: Run, factor: float) -> dict[str, Any]:
    metrics, config = run.metrics, run.config
    machine = run.machine
    low, high = metrics.get("test/acc/interval", (None, None))
    return {
        **{key: metrics[key] for key in ("domain", "model", "data", "seed")},
        "lr": config.optimizer.lr,
        "lr factor": factor,
        "samples": config.data.epoch_size * config.trainer.max_epochs,
        **{key: metrics[key] for key in ("steps", "train_seconds", "cpu_seconds", ACCURACY)},
        **{"test/acc": metrics.get("test/acc"), "test/acc low": low, "test/acc high": high},
        "test/n": metrics.get("test/n"),
        "training accuracy": read_training_accuracy(run.folder),
        "order": read_order(run.folder)[:16],
        **{key: machine.get(key) for key in ("device", "precision", "threads", "commit")},
    }
