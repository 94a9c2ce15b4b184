"""A search from its configuration to its best settings, in this process."""

import csv
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from pytorch_lightning import Trainer

from shared.commands.train import train
from shared.config.cli import compose
from shared.config.stopping import Stopped
from shared.errors import PlaceError, UserError
from shared.sweep.study import Study
from shared.sweep.sweep import folder_of, sweep
from tests.commands import command

SWEEP = importlib.import_module("shared.sweep.sweep")  # the package has its function by this name
# The smallest search that still does everything: a trial takes half a second.
TINY = """# @package _global_
defaults:
  - override /domain: image
model:
  layers: [{pool: {kernel: 4, type: "${model.pool}"}}, flatten, {dense: classes}]
data:
  first: 200
trainer:
  max_epochs: 3
  accelerator: cpu
  precision: 32-true
sweep:
  space:
    optimizer: [adam, sgd]
    optimizer.lr: {low: 0.001, high: 0.1, log: true}
    optimizer.momentum: [0.5, 0.9]
    model.pool: [max, avg]
"""


def search(folder: Path, *words: str) -> Study:
    path = folder / "conf" / "sweep" / "tiny.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TINY)
    overrides = [f"hydra.searchpath=[{folder}/conf]", "sweep=tiny", f"runs={folder}", *words]
    return sweep(compose("sweep", overrides), overrides)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return search(tmp_path_factory.mktemp("swept"), "n_trials=7")


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Pictures take longer than trials, and are looked at once."""
    monkeypatch.setattr("shared.sweep.report.draw", lambda *_: None)


def rows(study: Study) -> list[dict[str, str]]:
    with (study.folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_each_trial_is_an_ordinary_run_that_left_the_test_set_alone(swept: Study) -> None:
    trials = swept.trials()
    assert [trial.number for trial in trials] == list(range(7))
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    for trial in trials:
        run = Path(trial.user_attrs["run"])
        metrics = json.loads((run / "metrics.json").read_text())
        assert not [key for key in metrics if key.startswith("test/")]
        assert (run / "checkpoints" / "best.ckpt").is_file()
        config = OmegaConf.load(run / "config.yaml")
        assert config.optimizer.lr == trial.params["optimizer.lr"]
        assert config.choices.optimizer == trial.params["optimizer"]
        accuracies = np.atleast_1d(np.genfromtxt(run / "metrics.csv", delimiter=",", names=True)["valacc"])
        assert list(trial.intermediate_values.values()) == pytest.approx(accuracies, abs=1e-6)
        if trial.state == TrialState.COMPLETE:
            assert trial.value == metrics["val/acc"] == pytest.approx(accuracies.max(), abs=1e-6)


def test_the_table_has_one_row_per_trial_and_the_figures_exist(swept: Study) -> None:
    table = rows(swept)
    assert [int(row["trial"]) for row in table] == list(range(7))
    assert [row["run"] for row in table] == [trial.user_attrs["run"] for trial in swept.trials()]
    assert {row["state"] for row in table} <= {"complete", "pruned"}
    for name in ("history", "parallel", "importances"):
        assert (swept.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_best_settings_train_to_the_same_weights_as_their_trial(swept: Study, tmp_path: Path) -> None:
    trial = swept.optuna.best_trial
    words = [f"hydra.searchpath=[{swept.folder}]", "experiment=best", f"runs={tmp_path}"]
    config = compose("train", words)
    assert config.test
    metrics = train(config)
    assert metrics["val/acc"] == trial.value
    assert metrics["test/n"] > 300
    theirs, ours = (
        torch.load(Path(run, "checkpoints", "best.ckpt"), weights_only=True)["state_dict"]
        for run in (trial.user_attrs["run"], metrics["run"])
    )
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[key], ours[key]) for key in ours)
    text = (swept.folder / "experiment" / "best.yaml").read_text()
    assert f"val/acc {100 * trial.value:.2f} %" in text
    assert f"optimizer: {trial.params['optimizer']}" in text


@pytest.mark.usefixtures("undrawn")
def test_the_same_command_runs_nothing_again_and_a_longer_one_continues(swept: Study, monkeypatch) -> None:
    before = swept.trials()
    runs = swept.folder.parent.parent
    assert search(runs, "n_trials=6").trials() == before
    longer = search(runs, "n_trials=8")
    assert longer.trials()[:7] == before
    assert len(rows(swept)) == 8
    one, other = (compose("sweep", ["sweep=go/policy", f"seed={seed}"]) for seed in (0, 1))
    assert folder_of(one) != folder_of(other)


@pytest.mark.usefixtures("undrawn")
def test_a_trial_killed_in_its_training_is_resumed_in_its_own_run(tmp_path: Path, monkeypatch) -> None:
    reporting = optuna.Trial.report

    def killed(self: optuna.Trial, value: float, step: int) -> None:
        reporting(self, value, step)
        if step == 2:  # reported, and not yet in the checkpoint: the epoch is repeated
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Trial, "report", killed)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, "n_trials=1")
    [run] = tmp_path.glob("sweep/*/trials/0000/image/*")
    assert not (run / "metrics.json").exists()
    study = search(tmp_path, "n_trials=1")
    [trial] = study.trials()
    assert trial.user_attrs["run"] == str(run)
    assert list(run.parent.iterdir()) == [run]
    assert sorted(trial.intermediate_values) == [0, 1, 2]
    assert json.loads((run / "metrics.json").read_text())["val/acc"] == trial.value


@pytest.mark.usefixtures("undrawn")
def test_a_trial_killed_before_it_could_tell_is_not_trained_again(tmp_path: Path, monkeypatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, "n_trials=1")
    monkeypatch.setattr(importlib.import_module("shared.commands.train"), "train", killed)
    [trial] = search(tmp_path, "n_trials=1").trials()
    assert trial.state == TrialState.COMPLETE
    assert trial.value == json.loads(Path(trial.user_attrs["run"], "metrics.json").read_text())["val/acc"]


@pytest.mark.usefixtures("undrawn")
def test_a_trial_worse_than_the_median_ends_early_with_its_figures(tmp_path: Path, monkeypatch) -> None:
    """Also where it is stopped before its metrics are written."""
    monkeypatch.setattr(optuna.Trial, "should_prune", lambda self: self.number == 1)
    training = importlib.import_module("shared.commands.train")
    own = training._metrics

    def stopped(config: DictConfig, trainer: Trainer, *more: Any) -> dict[str, Any]:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt
        return own(config, trainer, *more)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_metrics", stopped)
        with pytest.raises(Stopped):
            search(tmp_path, "n_trials=2")
    first, pruned = search(tmp_path, "n_trials=2").trials()
    assert (first.state, pruned.state) == (TrialState.COMPLETE, TrialState.PRUNED)
    metrics = json.loads(Path(pruned.user_attrs["run"], "metrics.json").read_text())
    assert (metrics["epochs"], pruned.intermediate_values.keys()) == (1, {0})


@pytest.mark.usefixtures("undrawn")
def test_a_failed_trial_is_reported_and_the_others_continue(tmp_path: Path, capsys) -> None:
    words = ["sweep.space={model.pool: [max, most]}", "sweep.sampler=random", "sweep.pruner=none"]
    study = search(tmp_path, "n_trials=3", "trainer.max_epochs=1", *words)
    states = {row["model.pool"]: (row["state"], row["error"]) for row in rows(study)}
    assert states == {"max": ("complete", ""), "most": ("fail", states["most"][1])}
    assert "got 'most'" in states["most"][1]
    assert "got 'most'" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"no trial could be trained; .*trials\.csv has the reasons"):
        search(tmp_path, "n_trials=1", "model.layers=[]")


@pytest.mark.usefixtures("undrawn")
def test_a_defect_leaves_its_traceback_and_fails_one_trial(tmp_path: Path, monkeypatch) -> None:
    def out_of_memory(*_: object) -> dict:
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(SWEEP, "train_once", out_of_memory)
    with pytest.raises(UserError, match="no trial could be trained"):
        search(tmp_path, "n_trials=1")
    [path] = tmp_path.glob("sweep/*/trials/0000/traceback.txt")
    assert "out_of_memory" in path.read_text()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("error", [PlaceError("disk: full"), StorageInternalError("storage: lost")])
def test_a_trial_is_resumed_where_the_disk_was_full_or_the_storage_lost(
    error: Exception, tmp_path: Path, monkeypatch
) -> None:
    def lost(*_: object) -> dict:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(SWEEP, "train_once", lost)
        with pytest.raises(UserError, match=str(error)):
            search(tmp_path, "n_trials=1")
    [trial] = search(tmp_path, "n_trials=1").trials()
    assert (trial.number, trial.state) == (0, TrialState.COMPLETE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["n_trials=0"], "n_trials: must be a whole number from 1, got 0"),
        (["n_trials=many"], "n_trials: must be a whole number from 1, got 'many'"),
        (["trainer.devices=2"], "trainer.devices: must be 1, got 2"),
        (
            ["optimizer.lr=0.1"],
            "optimizer.lr: must not be set, got optimizer.lr=0.1; sweep.space",
        ),
        (["optimizer=adam"], "optimizer: must not be set, got optimizer=adam"),
        (["sweep.space=null"], "sweep.space: must have keys, got none; choose a file of conf/sweep"),
        (["sweep.sampler=best"], "sweep.sampler: must be one of tpe, random, got best"),
    ],
)
def test_a_mistake_is_named_before_any_trial(words: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        search(tmp_path, *words)
    assert said in str(raised.value)
    assert not list(tmp_path.glob("sweep/*/trials"))


def test_the_command_names_a_misspelt_file_and_needs_one(tmp_path: Path) -> None:
    done = command("sweep", "sweep=go/polcy", cwd=tmp_path)
    assert done.returncode == 1
    assert "sweep/go/polcy: there is no such file in conf/; did you mean 'sweep/go/policy'?" in done.stderr
    assert not list(tmp_path.iterdir())
