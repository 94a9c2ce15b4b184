"""repeat: one configuration over seeds."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from shared.commands.repeat import _combinations, repeat
from shared.config.cli import compose
from shared.config.project import plain
from shared.config.stopping import Stopped, heard
from shared.errors import UserError
from shared.results.scores import collapsed, spread_of
from shared.training.callbacks import History
from tests.commands import command

TINY = ["domain=image", "trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.precision=32-true"]
OVER = "repeat.over={seed: [0, 1]}"


def test_the_interval_is_student_s() -> None:
    values = [0.8, 0.83, 0.79, 0.85]
    spread = spread_of(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (spread.low, spread.high) == pytest.approx((low, high))
    assert spread.std == pytest.approx(np.std(values, ddof=1))
    assert spread.median == pytest.approx(0.815)
    assert np.isnan(spread_of([0.5]).low)
    assert spread_of(values, ["same"] * 4, 0.25) == spread


def test_folds_count_once_and_their_training_items_overlap() -> None:
    """Two seeds of each of three folds, whose test items are half as many as the training items."""
    spread = spread_of([0.8, 0.82, 0.7, 0.72, 0.5, 0.52], ["a", "a", "b", "b", "c", "c"], 0.5)
    folds = [0.81, 0.71, 0.51]
    half = stats.t.ppf(0.975, 2) * np.std(folds, ddof=1) * (1 / 3 + 0.5) ** 0.5
    assert spread.low == pytest.approx(np.mean(folds) - half)
    assert spread.high == 1
    assert spread.n == 6


def test_an_interval_of_shares_stays_within_them_and_a_training_far_below_is_named() -> None:
    spread = spread_of([0.99, 0.98, 0.4])
    assert (spread.low, spread.high) == (0, 1)
    assert spread_of([0.5, 2.5]).high > 2.5  # a loss
    [(place, below)] = collapsed([0.54, 0.55, 0.4, 0.57, 0.56])
    assert (place, below) == (2, pytest.approx(0.15))
    assert collapsed([0.981, 0.982, 0.95]) == []  # 3 points
    assert collapsed([0.4, 0.5, 0.6, 0.7, 0.8]) == []


def test_every_combination_is_repeated_once() -> None:
    assert _combinations({"a": [1, 2], "b": ["x"]}) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    for values in (3, []):
        with pytest.raises(UserError, match=r"repeat\.over\.a="):
            _combinations({"a": values})


@pytest.mark.slow
def test_each_seed_is_trained_once_and_the_mean_is_reported(tmp_path: Path) -> None:
    done = command("repeat", *TINY, OVER, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.rstrip().splitlines()[-1].removeprefix("repeat: "))
    summary = json.loads((folder / "summary.json").read_text())
    metrics = [json.loads(Path(run, "metrics.json").read_text()) for run in summary["runs"]]
    assert [result["seed"] for result in metrics] == [0, 1]
    accuracies = [result["test/acc"] for result in metrics]
    assert summary["figures"]["test/acc"]["mean"] == pytest.approx(np.mean(accuracies))
    assert f"{100 * np.mean(accuracies):.2f}" in done.stdout

    stamps = {run: Path(run, "metrics.json").stat().st_mtime_ns for run in summary["runs"]}
    Path(summary["runs"][1], "metrics.json").unlink()  # as if stopped before its end
    again = command("repeat", *TINY, OVER, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    repeated = json.loads((folder / "summary.json").read_text())
    assert repeated["runs"] == summary["runs"]
    assert repeated["figures"]["test/acc"] == summary["figures"]["test/acc"]
    assert Path(repeated["runs"][0], "metrics.json").stat().st_mtime_ns == stamps[repeated["runs"][0]]


def test_an_interruption_names_the_command_to_resume(tmp_path: Path, monkeypatch) -> None:
    config = compose("repeat", [*TINY, OVER, "data.first=100", f"runs={tmp_path}"])

    def stop(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(History, "on_train_epoch_end", stop)
    with heard(), pytest.raises(Stopped) as stopped:
        repeat(config)
    assert stopped.value.message.endswith("; run the same command again to resume")
    assert stopped.value.signum == signal.SIGTERM


def test_a_key_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = command("repeat", *TINY, "repeat.over={data.fould: [0]}", cwd=tmp_path)
    assert done.returncode == 1
    assert "repeat.over.data.fould: there is no such key" in done.stderr


def test_a_repetition_over_folds() -> None:
    config = compose("repeat", ["domain=text", "data.folds=10", "repeat.over={data.fold: [0, 1]}"])
    assert _combinations(plain(config.repeat.over)) == [{"data.fold": 0}, {"data.fold": 1}]
