"""A new metric is one class and one entry of the list: validated, monitored, tested and written."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics import Metric as RunningMetric

from shared.commands.evaluate import evaluate
from shared.commands.train import train
from shared.config.cli import compose
from shared.training import classifier
from shared.training.metrics import Metric, metrics
from tests.commands import TINY


class BalancedAccuracy(RunningMetric):
    """The mean over the classes that have items of the share of right answers."""

    hits: Tensor
    items: Tensor

    def __init__(self, classes: int):
        super().__init__()
        self.add_state("hits", torch.zeros(classes), dist_reduce_fx="sum")
        self.add_state("items", torch.zeros(classes), dist_reduce_fx="sum")

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Add a batch."""
        self.items += labels.bincount(minlength=len(self.items))
        self.hits += labels[logits.argmax(1) == labels].bincount(minlength=len(self.items))

    def compute(self) -> Tensor:
        """The value so far."""
        return (self.hits / self.items)[self.items > 0].mean()


def test_a_new_metric_is_monitored_tested_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def more(classes: int) -> dict[str, Metric]:
        return metrics(classes) | {"balanced": Metric(BalancedAccuracy(classes))}

    monkeypatch.setattr(classifier, "metrics", more)
    words = [*TINY, "training.monitor=val/balanced", "trainer.enable_progress_bar=false", f"runs={tmp_path}"]
    summary = train(compose("train", words))
    folder = Path(summary["run"])
    with (folder / "metrics.csv").open() as file:
        rows = [float(row["val/balanced"]) for row in csv.DictReader(file)]
    assert len(rows) == 2
    items = np.load(folder / "test_items.npz")
    right, label = items["label"] == items["answer"], items["label"]
    expected = np.mean([right[label == number].mean() for number in np.unique(label)])
    written = json.loads((folder / "metrics.json").read_text())
    assert written["test/balanced"] == pytest.approx(expected, abs=1e-6)
    assert written["val/balanced"] == pytest.approx(max(rows), abs=1e-6)
    assert "test/balanced/interval" not in written
    again = evaluate(compose("evaluate", [f"run={folder}"]))
    assert again["test/balanced"] == pytest.approx(expected, abs=1e-6)
    assert "test/balanced" in capsys.readouterr().out


def test_the_list_holds_top5_only_where_there_are_more_than_five_classes() -> None:
    assert "acc" in metrics(5)
    assert "top5" not in metrics(5)
    assert {"acc", "top5"} <= set(metrics(6))
    columns = {"label_rank": np.array([0, 1, 4, 5])}
    values = {name: metric.values(columns).tolist() for name, metric in metrics(6).items() if metric.values}
    assert values == {"acc": [True, False, False, False], "top5": [True, True, True, False]}
