"""What a reader needs to check a report: its plan, its numbers, and the answers that they rest on."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from shared.compare.claims import Finding, Judged
from shared.compare.entry import Entry
from shared.compare.results import Result, Results
from shared.compare.spec import Comparison
from shared.files import write, write_json

PLAN, REPORT, ITEMS = "plan.json", "report.json", "items.npz"
OF_RUN = ("test/acc", "test/n", "train_seconds", "cpu_seconds", "steps")


def keep(
    home: Path, plan: Comparison, entries: Sequence[Entry], results: Results, judged: Sequence[Judged]
) -> None:
    """Write ``plan.json``, ``report.json`` and ``items.npz`` beside the report."""
    write_json(home / PLAN, settled(plan, entries))
    answers = _answers(results)
    stored = io.BytesIO()
    np.savez_compressed(stored, **answers)  # type: ignore[arg-type]
    write(home / ITEMS, stored.getvalue())
    report = {
        "title": plan.title,
        "claims": [
            {"says": one.claim.says, "verdict": one.verdict, "parts": list(map(_part, one.findings))}
            for one in judged
        ],
        "trainings": [
            _training(key, number, result, answers)
            for key, result in results.items()
            for number in range(len(result.metrics))
        ],
    }
    write_json(home / REPORT, report)


def settled(plan: Comparison, entries: Sequence[Entry]) -> dict[str, Any]:
    """The comparison with the widths and learning rates that were found, as ``compare`` would be given it."""
    node = asdict(plan)
    for entry in entries:
        design = node["tasks"][entry.task]["designs"][entry.design]
        if entry.facts:
            widths = entry.facts["widths"]
            design["overrides"] += [f"{key}={str(value).replace(' ', '')}" for key, value in widths.items()]
            design["fit"] = []
        rates = [entry.factor(budget) for budget in entry.budgets]
        design["rates"] = [] if None in rates else rates
    for claim in node["claims"]:
        for part in claim["parts"]:
            part["measure"] = part["measure"].value
    return node


def _place(task: str, design: str, budget: int, seed: int) -> str:
    """The name of a training's answers in ``items.npz``."""
    return f"{task}/{design}/x{budget}/seed{seed}"


def _answers(results: Results) -> dict[str, np.ndarray]:
    """For each training which test items were right, as packed bits; the items of a task once, or by seed."""
    answers: dict[str, np.ndarray] = {}
    for (task, design, budget), result in results.items():
        for metrics, columns in zip(result.metrics, result.tested, strict=True):
            seed = metrics["seed"]
            items = f"{task}/items" if result.same_items else f"{task}/seed{seed}/items"
            for name in ("item", "label", "group"):
                answers[f"{items}/{name}"] = columns[name]
            answers[_place(task, design, budget, seed)] = np.packbits(columns["label_rank"] == 0)
    return answers


def _training(
    key: tuple[str, str, int], number: int, result: Result, answers: dict[str, np.ndarray]
) -> dict[str, Any]:
    task, design, budget = key
    metrics = result.metrics[number]
    bits = answers[_place(task, design, budget, metrics["seed"])]
    return {
        **{"task": task, "design": design, "budget": budget, "seed": metrics["seed"]},
        **{"samples": result.samples, "lr": result.rate, "params": result.facts["params"]},
        **{"flops": result.facts["flops"], **{name: metrics.get(name) for name in OF_RUN}},
        "training_accuracy": result.training_accuracy[number] if result.training_accuracy else None,
        **{name: result.machine.get(name) for name in ("device", "precision", "commit", "versions")},
        "answers": hashlib.sha256(bits.tobytes()).hexdigest(),
    }


def _part(finding: Finding) -> dict[str, Any]:
    part = asdict(finding.part)
    return {
        **part,
        "measure": finding.part.measure.value,
        "tasks": finding.task,
        "classes": finding.classes,
        "verdict": finding.verdict,
        "why_not": finding.why,
        "holm": finding.holm,
        "size": {"parameters": finding.parameters, "flops": finding.flops},
        "difference": _numbers(finding.difference),
        "curve": [[samples, _numbers(difference)] for samples, difference in finding.curve],
    }


def _numbers(difference: Any) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {**difference._asdict(), "low": difference.low, "high": difference.high}
