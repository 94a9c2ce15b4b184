"""The networks of the page, the bundled ones and the user's runs, as their folders describe them."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypedDict

from shared.runs import Run

CARD = 2**17  # bytes of a card


class Accuracy(TypedDict):
    """A metric with its 95 % interval, null where it was not computed."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int | None


class Summary(TypedDict):
    """A network as a list of networks shows it: what its folder says, nothing loaded."""

    name: str
    domain: str
    bundled: bool
    title: str
    model: str
    data: str
    params: int | None
    bytes: int | None
    accuracy: Accuracy | None


class Listed:
    """A network of the page, not loaded."""

    def __init__(self, name: str, run: Run, bundled: bool):
        self.name, self.run, self.bundled = name, run, bundled
        self.domain = str(run.config.domain.name)

    def summary(self) -> Summary:
        """What the folder says of it."""
        config, metrics = self.run.config, self.run.metrics
        model, data = str(config.choices.get("model")), str(config.choices.get("data"))
        weights = self.run.checkpoint_file("best")
        return {
            "name": self.name,
            "domain": self.domain,
            "bundled": self.bundled,
            "title": next(iter(self.card.splitlines()), "").lstrip("# ") or f"{model} on {data}",
            "model": model,
            "data": data,
            "params": metrics.get("params"),
            "bytes": weights.stat().st_size if weights.is_file() else None,
            "accuracy": _accuracy(metrics),
        }

    @cached_property
    def card(self) -> str:
        """The model card, without the templates of its values; empty where there is none."""
        file = self.run.folder / "README.md"
        if not file.is_file() or file.stat().st_size > CARD:
            return ""
        return re.sub(
            r"<!--.*?-->\n?", "", file.read_text(encoding="utf-8", errors="replace"), flags=re.DOTALL
        )


def listed(runs: Sequence[str]) -> dict[str, Listed]:
    """The bundled networks and the runs of these folders, by name.

    Raises:
        UserError: A folder holds no run, or a broken one.
    """
    networks = {name: Listed(name, run, True) for name, run in Run.bundled().items()}
    for folder in runs:
        run = Run.open(folder)
        if folder in networks:
            continue
        name = own = f"{run.config.domain.name}/{run.folder.name}"
        number = 1
        while name in networks:
            number += 1
            name = f"{own} ({number})"
        networks[name] = Listed(name, run, False)
        networks[name].summary()  # what is broken is reported before the page opens
    return networks


def metric(metrics: Mapping[str, Any], name: str) -> Accuracy:
    """A value of ``metrics.json`` with its interval."""
    low, high = metrics.get(f"{name}/interval", (math.nan, math.nan))
    if not (math.isfinite(low) and math.isfinite(high)):
        low = high = None
    return {"name": name, "value": metrics[name], "low": low, "high": high, "n": metrics.get(f"{name}/n")}


def _accuracy(metrics: Mapping[str, Any]) -> Accuracy | None:
    """The first metric that the run has: over time the error rate, else the accuracy."""
    for name in ("test/error_rate", "test/acc", "val/acc"):
        if math.isfinite(metrics.get(name, math.nan)):
            return metric(metrics, name)
    return None
