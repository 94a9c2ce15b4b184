"""Designs side by side on voices that lie higher or lower than those they were trained on."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from rich.console import Console
from rich.progress import track

from domains.speech.data import SpeechData
from shared.errors import UserError
from shared.files import csv_text, write
from shared.results import PALETTE, Spread, png, spread_of
from shared.runs import Run
from shared.training import Classifier, build_data, load_module, trained_config


class Row(NamedTuple):
    """The accuracy of one run on n test clips, their frequencies stretched by a factor."""

    design: str
    tested: str  # the test speakers, or the official test of the data
    seed: int
    stretch: float
    accuracy: float
    n: int


def voices(runs: Path, stretches: list[float], output: Path) -> list[Row]:
    """Test all speech runs below a folder, and write ``voices.csv`` and ``voices.png``.

    Runs with test speakers are tested on those as they are, the others at every stretch.

    Raises:
        UserError: no finished run of speech, or one that cannot be used.
    """
    found = sorted(file.parent for file in runs.glob("**/metrics.json"))
    finished = [run for run in map(Run, found) if run.config.domain.name == "speech"]
    if not finished:
        raise UserError(
            f"runs={runs}: no finished run of speech in it; train some with scripts/repeat.py first"
        )
    rows: list[Row] = []
    summaries: dict[str, None] = {}  # each once, in order: most runs have the same data
    for run in track(finished, "testing", console=Console(stderr=True)):
        data = _data(run)
        summaries[data.summary] = None
        rows.extend(_test(run, data, stretches))
    for summary in summaries:
        Console().print(summary, highlight=False, markup=False, soft_wrap=True)
    rows.sort()
    output.mkdir(parents=True, exist_ok=True)
    write(output / "voices.csv", csv_text(Row._fields, rows))
    write(output / "voices.png", png(picture(rows)))
    return rows


def _data(run: Run) -> SpeechData:
    """What a run was trained on, ready to be tested on."""
    data = build_data(trained_config(run))
    data.front_end = load_module(run).hparams["front_end"]
    data.setup()
    assert isinstance(data, SpeechData)
    return data


def _test(run: Run, data: SpeechData, stretches: list[float]) -> Iterable[Row]:
    config, module = trained_config(run), load_module(run)
    speakers = config.data.test_speaker
    design = config.choices.model.removeprefix("speech/")
    for stretch in [1.0] if speakers else stretches:
        data.test_set.stretch = stretch
        hits = _hits(module, data)
        yield Row(design, speakers or config.choices.data, config.seed, stretch, hits.mean(), len(hits))


def _hits(module: Classifier, data: SpeechData) -> np.ndarray:
    with torch.inference_mode():
        return np.concatenate(
            [(module._logits(batch).argmax(1) == batch["y"]).numpy() for batch in data.test_dataloader()]
        )


def picture(rows: list[Row]) -> Figure:
    """Left designs on other speakers, right on stretched frequencies: means and 95 % intervals."""
    designs = sorted({row.design for row in rows})
    colours = dict(zip(designs, PALETTE, strict=False))
    figure = Figure(figsize=(10, 4.2), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2)
    stretched = {row.tested for row in rows if row.stretch != 1}
    cases = sorted({row.tested for row in rows} - stretched)
    for place, design in enumerate(designs):
        offset = (place - (len(designs) - 1) / 2) * 0.15
        others = [spread_of(_accuracies(rows, design, case, 1.0)) for case in cases]
        _draw(left, np.arange(len(cases)) + offset, others, colours[design], design, "o")
        for case in sorted(stretched):
            factors = sorted({row.stretch for row in rows if row.tested == case})
            along = [spread_of(_accuracies(rows, design, case, factor)) for factor in factors]
            _draw(right, np.array(factors), along, colours[design], design, "o-")
    left.set_xticks(range(len(cases)), [f"tested on {case}" for case in cases])
    left.set_title("speakers of the other sex", loc="left", fontsize=10)
    left.margins(x=0.2)
    right.set_xlabel("test voices' frequencies, times")
    right.set_title(f"stretched voices: {', '.join(sorted(stretched))}", loc="left", fontsize=10)
    for axes in (left, right):
        axes.set_ylabel("accuracy")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False)
    return figure


def _accuracies(rows: list[Row], design: str, tested: str, stretch: float) -> list[float]:
    by_key = defaultdict(list)
    for row in rows:
        by_key[row.design, row.tested, row.stretch].append(row.accuracy)
    return by_key[design, tested, stretch]


def _draw(axes: Axes, x: np.ndarray, spreads: list[Spread], colour: str, label: str, line: str) -> None:
    means = np.array([each.mean for each in spreads])
    low, high = (np.nan_to_num([abs(edge - each.mean) for each, edge in zip(spreads, edges, strict=True)])
                 for edges in ([s.low for s in spreads], [s.high for s in spreads]))  # fmt: skip
    axes.errorbar(
        x, means, [low, high], fmt=line, color=colour, label=label, markersize=4, capsize=3, linewidth=1.2
    )
