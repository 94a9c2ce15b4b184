"""Comparisons whose trainings have all ended, with run folders but without any training."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from shared.compare.entry import Entry, Training
from shared.compare.jobs import FACTS
from shared.compare.spec import Comparison, read
from shared.files.atomic import write_json
from shared.runs.run import Run

PLAN: dict[str, Any] = {
    "title": None,
    "seeds": [0, 1, 2, 3, 4],
    "learning_rates": [1, 0.3],
    "tasks": {
        "digits": {
            "overrides": ["domain=image"],
            "samples": 1000,
            "cells": {"lecture": [], "dense": ["model=image/dense", "model.units=130"]},
        }
    },
    "claims": [
        {"says": "Convolution helps.", "parts": [{"better": "lecture", "than": "dense", "tasks": ["digits"]}]}
    ],
}
FACTS_OF = {
    "params": 1000, "flops": 2000, "slides along": "both axes", "padding": "none", "pooling": "max",
    "latency": 0.001, "device": "a processor", "accelerator": "cpu", "precision": "32-true", "threads": 1,
}  # fmt: skip


def plan_of(**changes: Any) -> Comparison:
    return read(OmegaConf.create({**PLAN, **changes}), None)


def entries_of(plan: Comparison, home: Path) -> list[Entry]:
    return [Entry(plan, task, design, home, None) for task, design in plan.entries()]


def measured(entry: Entry, **facts: Any) -> None:
    entry.measuring.folder.mkdir(parents=True)
    write_json(entry.measuring.folder / FACTS, {**FACTS_OF, **facts})


def ended(training: Training, right: np.ndarray, val: float = 0.5, order: str = "0" * 64) -> None:
    """The run folder of a training with these results on test items (two per group, of five classes)."""
    run = Run.create(training.job.folder, training.job.config)
    n = len(right)
    items = np.arange(n)
    np.savez(
        run.folder / "test_items.npz",
        item=items, label=items % 5, label_rank=np.where(right, 0, 3), group=items // 2,
    )  # fmt: skip
    with (run.folder / "confusion.csv").open("w") as file:
        csv.writer(file).writerow(["true class", "A1", "B1", "A2", "B2", "C3"])
    write_json(run.folder / "order.json", {"digest": order})
    write_json(
        run.folder / "metrics.json",
        {
            "domain": "image", "model": "image/x", "data": "image/digits", "seed": training.seed,
            "params": 1000, "flops": 2000, "epochs": 1, "steps": 10, "samples_per_second": 100.0,
            "train_seconds": 2.0, "cpu_seconds": 1.5, "val/acc": val, "test/acc": float(right.mean()),
            "test/acc/interval": [0.0, 1.0], "test/n": n,
        },
    )  # fmt: skip


def finish(entry: Entry, accuracy: float, n: int = 200, **facts: Any) -> None:
    """All runs of an entry, right at random; the first named learning rate is best on validation."""
    measured(entry, **facts)
    for number, training in enumerate(entry.search()):
        ended(training, np.ones(n), val=0.9 - 0.1 * number)
    for training in entry.trainings():
        ended(training, np.random.default_rng([training.seed, len(entry.design)]).random(n) < accuracy)
