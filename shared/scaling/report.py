"""What a law says: a table in Markdown, a picture, and the trainings."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from shared.files import csv_text, write, write_json
from shared.results import PALETTE, new_figure, write_figure
from shared.scaling.law import Law, Trained, fit, interval, resampled


def report(folder: Path, trained: Trained, flops: Sequence[float], resamples: int, figures: str) -> list[str]:
    """Fit the law, write ``law.md``, ``law.json``, ``law.png`` and ``trainings.csv``; return the lines."""
    law = fit(trained)
    laws = resampled(trained, law, resamples)
    lines = _table(trained, law, laws, flops)
    write(folder / "law.md", "\n".join(lines) + "\n")
    write_json(folder / "law.json", {"law": law._asdict(), "resampled": [list(other) for other in laws]})
    rows = np.column_stack([*trained, law.loss(trained.params, trained.examples)]).tolist()
    write(folder / "trainings.csv", csv_text([*Trained._fields, "loss of the law"], rows))
    write_figure(folder / "law", _plot(trained, law, laws, flops), figures)
    return lines


def _table(trained: Trained, law: Law, laws: Sequence[Law], flops: Sequence[float]) -> list[str]:
    def value(of: Callable[[Law], float], form: str) -> str:
        low, high = interval([of(other) for other in laws])
        return f"{of(law):{form}} ({low:{form}} … {high:{form}})"

    misses = np.abs(law.loss(trained.params, trained.examples) / trained.loss - 1)
    lines = [
        f"{len(trained.loss)} trainings, {trained.flops.min():.2g} to {trained.flops.max():.2g} FLOPs. It "
        f"misses their loss by {100 * misses.mean():.2f} % on average, {100 * misses.max():.2f} % at most.",
        "",
        "| L = E + A / params^α + B / examples^β | 95 % interval over resamples |",
        "| --- | --- |",
        f"| E | {value(lambda law: law.floor, '.3f')} |",
        f"| α | {value(lambda law: law.alpha, '.3f')} |",
        f"| β | {value(lambda law: law.beta, '.3f')} |",
        f"| best size grows with FLOPs to the power of | {value(lambda law: law.power, '.3f')} |",
    ]
    if flops:
        lines += [
            "",
            "| FLOPs | best params | examples | loss | accuracy % |",
            "| --- | --- | --- | --- | --- |",
        ]
    for number in flops:
        cells = (
            value(lambda law, n=number: law.best(n).params, ",.0f"),  # type: ignore[misc]
            value(lambda law, n=number: law.best(n).examples, ",.0f"),  # type: ignore[misc]
            value(lambda law, n=number: law.best(n).loss, ".3f"),  # type: ignore[misc]
            value(lambda law, n=number: 100 * law.best(n).accuracy, ".1f"),  # type: ignore[misc]
        )
        lines.append(f"| {number:.2g} | {' | '.join(cells)} |")
    return lines


def _plot(trained: Trained, law: Law, laws: Sequence[Law], flops: Sequence[float]) -> Figure:
    """Loss over operations, a line for each size; and the best size over operations, with its interval."""
    figure, (left, right) = new_figure("Loss by size and length of a training", 10, 4, 1, 2)
    ends = [min([*trained.flops, *flops]), max([*trained.flops, *flops])]
    operations = np.geomspace(ends[0], ends[1], 50)
    for colour, params in zip(PALETTE, np.unique(trained.params), strict=False):
        own = trained.params == params
        left.plot(trained.flops[own], trained.loss[own], "o", color=colour, label=f"{params:,.0f} parameters")
        operations_each = float(np.median(trained.flops[own] / trained.examples[own]))
        left.plot(operations, law.loss(params, operations / operations_each), "-", color=colour, linewidth=1)
    left.plot(operations, [law.best(n).loss for n in operations], "k--", linewidth=1, label="best size")
    left.set_ylabel("loss on validation")
    left.set_ylim(top=1.05 * float(trained.loss.max()))
    sizes = np.array([[other.best(n).params for n in operations] for other in laws])
    right.fill_between(
        operations, *np.quantile(sizes, (0.025, 0.975), axis=0), alpha=0.2, label="95 % interval"
    )
    right.plot(operations, [law.best(n).params for n in operations], label="best size")
    right.plot(trained.flops, trained.params, "ko", markersize=3, label="trainings")
    right.set_yscale("log")
    right.set_ylabel("parameters")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel("FLOPs of the training")
        axes.legend(frameon=False, fontsize=9)
    right.yaxis.set_major_formatter(EngFormatter(sep=""))
    return figure
