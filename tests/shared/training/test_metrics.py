"""A new metric is one entry of the list: validated, monitored, tested and written."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score
from torchmetrics.classification import MulticlassCohenKappa

from shared.commands.evaluate import evaluate
from shared.commands.train import train
from shared.config.cli import compose
from shared.training import classifier
from shared.training.balanced_accuracy import BalancedAccuracy
from shared.training.metrics import Metric, metrics
from tests.commands import TINY


def test_a_new_metric_is_monitored_tested_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def more(classes: int) -> dict[str, Metric]:
        return metrics(classes) | {"kappa": Metric(MulticlassCohenKappa(classes))}

    monkeypatch.setattr(classifier, "metrics", more)
    words = [*TINY, "training.monitor=val/kappa", "trainer.enable_progress_bar=false", f"runs={tmp_path}"]
    summary = train(compose("train", words))
    folder = Path(summary["run"])
    with (folder / "metrics.csv").open() as file:
        rows = [float(row["val/kappa"]) for row in csv.DictReader(file)]
    assert len(rows) == 2
    items = np.load(folder / "test_items.npz")
    expected = cohen_kappa_score(items["label"], items["answer"])
    written = json.loads((folder / "metrics.json").read_text())
    assert written["test/kappa"] == pytest.approx(expected, abs=1e-6)
    assert written["val/kappa"] == pytest.approx(max(rows), abs=1e-6)
    assert "test/kappa/interval" not in written
    again = evaluate(compose("evaluate", [f"run={folder}", f"output={tmp_path / 'again'}"]))
    assert again["test/kappa"] == pytest.approx(expected, abs=1e-6)
    assert "test/kappa" in capsys.readouterr().out


def test_the_list_holds_top5_only_where_there_are_more_than_five_classes() -> None:
    assert "acc" in metrics(5)
    assert "top5" not in metrics(5)
    assert {"acc", "top5"} <= set(metrics(6))
    columns = {"label_rank": np.array([0, 1, 4, 5])}
    values = {name: metric.values(columns).tolist() for name, metric in metrics(6).items() if metric.values}
    first = [True, False, False, False]
    assert values == {"acc": first, "top5": [True, True, True, False], "balanced_acc": first}


def test_balanced_accuracy_is_the_mean_over_the_classes_that_have_items() -> None:
    random = np.random.default_rng(0)
    label, answer = random.choice(4, 300, p=[0.7, 0.2, 0.1, 0.0]), random.integers(5, size=300)
    metric = BalancedAccuracy(5)
    for part in np.array_split(np.arange(300), 7):
        logits = torch.eye(5)[answer[part]]
        metric.update(logits, torch.from_numpy(label[part]))
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        expected = balanced_accuracy_score(label, answer)
    assert float(metric.compute()) == pytest.approx(expected)
