"""What speaks against a network, in plain lines below the tables of its test."""

from collections.abc import Mapping, Sequence

import numpy as np

from shared.files import printable
from shared.results.scores import difference


def doubts(
    columns: Mapping[str, np.ndarray],
    baselines: Mapping[str, np.ndarray],
    classes: Sequence[str],
    remedy: str,
) -> list[str]:
    """Whether a network predicts one class alone, and which baseline it is not shown to beat.

    It beats a baseline if the 95 % interval of the paired difference lies above zero; of several that it does
    not beat the best is named. Where all items are of one class, nothing is said.

    Args:
        columns: of the test items: ``label``, ``answer`` (the predicted class) and ``group``.
        baselines: the chance (N,) of being right on each test item, by name.
        classes: their names.
        remedy: what to try.
    """
    label, predicted, group = (columns[key] for key in ("label", "answer", "group"))
    n = len(label)
    if n == 0 or (label == label[0]).all():
        return []
    lines = []
    if (predicted == predicted[0]).all():
        name = printable(classes[predicted[0]][:40])
        lines.append(f"one class alone is predicted: {name}, for all {n:,} test items")
    right = predicted == label
    changes = {name: difference(right, simple, group) for name, simple in baselines.items()}
    unbeaten = [name for name, change in changes.items() if change.low <= 0]
    if unbeaten:
        name = max(unbeaten, key=lambda name: float(np.mean(baselines[name])))
        change, verdict = (
            changes[name],
            "worse than" if changes[name].high < 0 else "not shown to be better than",
        )
        lines.append(
            f"the network is {verdict} the baseline {name}: {_percent(right)} against "
            f"{_percent(baselines[name])} %, difference {100 * change.value:.1f} points "
            f"({100 * change.low:.1f} … {100 * change.high:.1f}), n = {n:,}"
        )
    return [*lines, f"what to try: {remedy}"] if lines else []


def _percent(values: np.ndarray) -> str:
    return f"{100 * float(np.mean(values)):.1f}"
