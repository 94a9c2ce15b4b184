"""Comparisons: their plan, their entries, and results of test items in memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from shared.compare.compare import measure
from shared.compare.entry import Entry
from shared.compare.jobs import Job
from shared.compare.results import Result, Results
from shared.compare.spec import Comparison, read

PART = {"better": "lecture", "than": "dense", "tasks": ["digits"], "differs": "slides along"}
PLAN: dict[str, Any] = {
    "title": None,
    "seeds": [0, 1, 2, 3, 4],
    "budgets": [1],
    "learning_rates": [1, 0.3],
    "tasks": {
        "digits": {
            "overrides": ["domain=image"],
            "samples": 1000,
            "designs": {"lecture": [], "dense": ["model=image/dense", "model.units=130"]},
        }
    },
    "claims": [
        {
            "says": "Convolution helps.",
            "parts": [{"better": "lecture", "than": "dense", "tasks": ["digits"], "differs": "slides along"}],
        }
    ],
}
# Trainings of half a second.
QUICK = [
    *("domain=image", "data.first=100", "trainer.accelerator=cpu", "trainer.precision=32-true"),
    *("trainer.enable_progress_bar=false", "model.layers=[{pool: 4}, flatten, {dense: classes}]"),
]
DESIGN = {
    "params": 1000, "flops": 2000, "channels": 1, "size": [28, 28], "slides": [True, True],
    "layers": [
        {
            "name": "conv1", "kind": "conv", "logits": False, "settings": {}, "kernel": [3, 3],
            "stride": [1, 1], "padding": "none", "pooling": "none", "channels": 8, "map": [26, 26],
            "params": 80, "flops": 1000,
        }
    ],
}  # fmt: skip
PADDED = {"layers": [{**DESIGN["layers"][0], "padding": "zeros"}]}
MACHINE = {"device": "a processor", "accelerator": "cpu", "precision": "32-true", "threads": 1}


def plan_of(**changes: Any) -> Comparison:
    return read(OmegaConf.create({**PLAN, **changes}), None)


def quick_plan(**changes: Any) -> Comparison:
    designs = {"lecture": [], "dense": ["training.label_smoothing=0.1"]}
    task = {"overrides": QUICK, "samples": 100, "validations": 1, "designs": designs}
    return plan_of(**{"seeds": [0, 1], "tasks": {"digits": task}} | changes)


def entries_of(plan: Comparison, home: Path) -> list[Entry]:
    return [Entry(plan, task, design, home, None) for task, design in plan.entries()]


def do(*jobs: Job) -> None:
    """What a worker does, in this process."""
    for job in jobs:
        job.folder.mkdir(parents=True)
        job.does(job.config, job.folder)


def result(rights: Sequence[np.ndarray], order: str = "0" * 64, **design: Any) -> Result:
    """An entry whose seeds were right on these test items, two per group, of five classes."""
    items = [np.arange(len(right)) for right in rights]
    design = DESIGN | design
    return Result(
        facts={"params": design["params"], "flops": design["flops"], "design": design, "widths": {}},
        latency=0.001,
        machine=MACHINE,
        samples=1000,
        metrics=[
            {"seed": seed, "train_seconds": 2.0, "cpu_seconds": 1.5, "test/acc": float(right.mean())}
            for seed, right in enumerate(rights)
        ],
        tested=[
            {"item": item, "label": item % 5, "label_rank": np.where(right, 0, 3), "group": item // 2}
            for item, right in zip(items, rights, strict=True)
        ],
        classes=[["A1", "B1", "A2", "B2", "C3"] for _ in rights],
        orders=[order for _ in rights],
        rate=0.003,
        factor=1.0,
        at_edge=False,
        same_items=True,
    )


def right_at(accuracy: float, n: int = 200, **design: Any) -> Result:
    """An entry of five seeds that is right at random."""
    draws = [np.random.default_rng([seed, round(100 * accuracy)]).random(n) for seed in range(5)]
    return result([draw < accuracy for draw in draws], **design)


def of_digits(lecture: Result, dense: Result) -> Results:
    return {("digits", "lecture", 1): lecture, ("digits", "dense", 1): dense}


def know(*entries: Entry) -> None:
    """Measure what is known of entries before they are trained."""
    measure(entries)
    for entry in entries:
        assert entry.facts, entry.failure
