"""training.monitor and training.mode: the metric that decides the best checkpoint, patience and searches."""

import csv
import json
from pathlib import Path

import pytest
import torch

from shared.commands.train import train
from shared.config.cli import compose
from shared.config.monitor import ACCURACY, Monitor
from shared.errors import UserError
from shared.runs.run import Run
from shared.sweep.sweep import sweep
from tests.commands import set_key

WORDS = ["domain=image", "data.batch_size=32", "data.epoch_size=256", "schedule=constant"]
WORDS += ["trainer.accelerator=cpu", "trainer.precision=32-true"]
LOSS = ["training.monitor=val/loss", "training.mode=min"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a learning rate so high that its loss is lowest before the last epoch."""
    words = [*WORDS, *LOSS, "test=false", "trainer.enable_progress_bar=false", "optimizer=adam"]
    words += ["optimizer.lr=0.05", "trainer.max_epochs=4", "training.patience=3"]
    return Run.open(train(compose("train", [*words, f"runs={tmp_path_factory.mktemp('runs')}"]))["run"])


def rows_of(run: Run) -> list[dict[str, float]]:
    with (run.folder / "metrics.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_the_best_checkpoint_is_that_of_the_lowest_loss(run: Run) -> None:
    rows = rows_of(run)
    best = min(rows, key=lambda row: row["val/loss"])
    assert best is not max(rows, key=lambda row: row["val/acc"])  # the two metrics disagree
    kept = torch.load(run.checkpoints / "best.ckpt", weights_only=True)["epoch"]
    assert kept == best["epoch"]
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert metrics["val/loss"] == pytest.approx(best["val/loss"], abs=1e-6)
    assert metrics[ACCURACY] == best["val/acc"]


def test_resuming_with_another_metric_is_refused(run: Run) -> None:
    (run.folder / "metrics.json").unlink()
    set_key(run, "training.monitor", "val/acc")
    set_key(run, "training.mode", "max")
    with pytest.raises(UserError, match=r"training\.monitor: must be val/loss, as the run began with"):
        train(compose("train", [f"resume={run.folder}"]))


def test_a_metric_that_no_epoch_logs_is_refused_before_it_trains(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"training\.monitor: must be .*; did you mean 'val/top5'"):
        train(compose("train", [*WORDS, f"runs={tmp_path}", "training.monitor=val/top6"]))
    assert not list(tmp_path.glob("*/*"))


def test_a_search_optimises_the_metric_in_its_mode(tmp_path: Path) -> None:
    words = [*WORDS, *LOSS, "n_trials=3", "trainer.max_epochs=1", f"runs={tmp_path}"]
    words += ["sweep.space={optimizer.lr: [0.0001, 0.003, 0.01]}", "sweep.sampler=random", "seed=1"]
    study = sweep(compose("sweep", words), words)
    values = {trial.number: trial.value for trial in study.trials()}
    [table] = tmp_path.glob("sweep/*/trials.csv")
    assert table.read_text().startswith("trial,state,val/loss,")
    [best] = tmp_path.glob("sweep/*/experiment/best.yaml")
    lowest = min(values, key=lambda number: values[number] or 0.0)
    assert f"Trial {lowest}: val/loss {values[lowest]:.4f}" in best.read_text()
    assert "monitor: val/loss" in best.read_text()


def test_of_equal_values_the_first_is_best() -> None:
    assert Monitor().best([3, 1, 4], lambda item: 0.5) == 3
    assert Monitor("val/loss", "min").best([3, 1, 4], float) == 1
    assert Monitor("val/loss", "min").text(0.25) == "0.2500"
    assert Monitor().text(0.25) == "25.00 %"
