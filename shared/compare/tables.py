"""The tables below the page of a comparison: parts of claims, and designs of a task with baselines."""

import re
from collections.abc import Sequence

import numpy as np

from shared.compare.choices import differences
from shared.compare.claims import Finding, Judged
from shared.compare.entry import Entry
from shared.compare.markdown import marked, percent, points, table, text
from shared.compare.results import Result, Results
from shared.compare.sentences import groups_of, name_of
from shared.compare.spec import Comparison
from shared.compare.statistics import planned

PARTS = (
    "part|difference, points (95 %)|has to be|verdict|differs in|parameters, FLOPs (times)|median of seeds|"
    "could show: planned, measured|P(A > B)|p, Holm|seeds|test items"
)
DESIGNS = (
    "design or baseline|test accuracy %|lowest … highest seed|training % (gap)|parameters|"
    "FLOPs of a prediction|training, s|a prediction, ms|learning rate"
)


def parts_table(plan: Comparison, judged: Judged, results: Results) -> str:
    """Each part of a claim with its numbers, and the reasons of the margins."""
    rows = table(PARTS, [_part(plan, finding, results) for finding in judged.findings])
    reasons = {f"{100 * part.margin:g}": part.why for part in judged.claim.parts if part.why}
    said = [
        (f"A margin of {margin} points, because: " if margin != "0" else "Sizes: ") + text(why)
        for margin, why in reasons.items()
    ]
    return "\n\n".join([rows, *said])


def _part(plan: Comparison, finding: Finding, results: Results) -> list[object]:
    part, mean = finding.part, finding.difference
    margin, ratios = f"{100 * part.margin:g}", (finding.parameters, finding.flops)
    size = f"; parameters at most {part.parameters:g} times" if part.parameters is not None else ""
    where = f"within ±{margin}" if part.equivalent else f"above −{margin}" if part.margin else "above 0"
    numbers: list[object] = ["–"] * 6
    if mean:
        median = f"{100 * mean.robust:+.1f}".replace("-", "−")
        shown = f"{100 * _planned(plan, finding, results):.1f}, {100 * mean.detectable:.1f}"
        p = "–" if finding.holm is None else f"{finding.holm:.2g}"
        numbers = [
            median,
            shown,
            f"{mean.wins:.2f}" if mean.seeds > 1 else "–",
            p,
            mean.seeds,
            f"{mean.items:,}",
        ]
    return [
        text(name_of(plan, finding)),
        points(mean) if mean else "–",
        where + size,
        marked(finding.verdict) + (f": {text(finding.why)}" if finding.why else ""),
        _cause(plan, finding, results),
        ", ".join(f"{ratio:.2f}" if ratio else "–" for ratio in ratios),
        *numbers,
    ]


def _planned(plan: Comparison, finding: Finding, results: Results) -> float:
    """What the plan could show, by its numbers of seeds and test items alone."""
    assert finding.difference
    result = results[finding.task, finding.part.better, plan.budgets_of(finding.task)[-1]]
    items = finding.difference.items
    groups = min(groups_of(result), items)
    return planned(finding.difference.seeds, groups, items, shared=result.same_items and groups > 1)


def _cause(plan: Comparison, finding: Finding, results: Results) -> str:
    """The choice in which the two designs differ, and how."""
    part, budget = finding.part, plan.budgets_of(finding.task)[-1]
    pair = [results.get((finding.task, design, budget)) for design in (part.better, part.than)]
    better, than = (result and result.facts["design"] for result in pair)
    layers = differences(better, than) if better and than else {}
    return text("; ".join(f"{choice}: {how}" for choice, how in layers.items()) or part.differs or "–")


def task_table(entries: Sequence[Entry], results: Results) -> str:
    """The designs of a task at its largest budget, and each baseline that beats one of them."""
    pairs = [(entry, results.get((entry.task, entry.design, entry.budgets[-1]))) for entry in entries]
    finished = [result for _, result in pairs if result]
    worst = min((result.accuracy.value for result in finished), default=0.0)
    better = {name: values for name, values in _baselines(finished).items() if np.mean(values) > worst}
    baselines = [_baseline(name, values) for name, values in better.items()]
    return table(DESIGNS, [*(_design(entry, result) for entry, result in pairs), *baselines])


def _design(entry: Entry, result: Result | None) -> list[object]:
    if not result:
        why = f"**failed**: {text(entry.failure)}" if entry.failure else "not trained yet"
        return [text(entry.design), why, *[""] * 7]
    facts, learned = result.facts, "–"
    if result.training_accuracy:
        training = float(np.mean(result.training_accuracy))
        learned = f"{100 * training:.2f} ({100 * (training - result.accuracy.value):.2f})"
    return [
        *(text(entry.design), percent(result.accuracy)),
        *(_seeds(result), learned),
        *(f"{facts['params']:,}", f"{facts['flops']:,}", f"{result.seconds:.1f}"),
        f"{1000 * result.latency:.2f}" if result.latency else "–",
        f"{result.rate:.2g} (×{result.factor:g}{', at the edge of the search' if result.at_edge else ''})",
    ]


def _seeds(result: Result) -> str:
    """The lowest and the highest seed, and those that learned much less than the others."""
    tested = [metrics["test/acc"] for metrics in result.metrics]
    fallen = [
        f"; seed {result.metrics[place]['seed']} collapsed, {100 * below:.0f} points below the median"
        for place, below in result.accuracy.collapsed
    ]
    return "".join([_range(tested), *fallen])


def _baselines(results: Sequence[Result]) -> dict[str, list[float]]:
    """The accuracy of each baseline, by seed."""
    seeds = results[0].metrics if results else []
    names = dict.fromkeys(key for metrics in seeds for key in metrics if re.fullmatch("baseline/[^/]+", key))
    return {
        name.removeprefix("baseline/"): [metrics[name] for metrics in seeds if name in metrics]
        for name in names
    }


def _baseline(name: str, values: list[float]) -> list[object]:
    return [f"baseline: {text(name)}", f"**{100 * np.mean(values):.2f}**", _range(values), *[""] * 6]


def _range(values: Sequence[float]) -> str:
    return f"{100 * min(values):.1f}\N{NO-BREAK SPACE}…\N{NO-BREAK SPACE}{100 * max(values):.1f}"
