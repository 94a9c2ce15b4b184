"""The configuration groups logger and callbacks: the files that each choice writes to a run's folder."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from shared.commands.train import train
from shared.compare.item_order import Order, read_order
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.loggers import CALLBACKS, LOGGERS
from tests.commands import PROJECT, set_key

WORDS = [
    *("domain=image", "data.batch_size=32", "data.epoch_size=256", "schedule=constant", "test=false"),
    *("trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.max_epochs=1"),
    *("trainer.enable_progress_bar=false", "trainer.log_every_n_steps=4"),
]


def trained(folder: Path, *words: str) -> Run:
    return Run.open(train(compose("train", [*WORDS, f"runs={folder}", *words]), [Order()])["run"])


def tables(run: Run) -> list[list[Mapping[str, str]]]:
    files = sorted(run.folder.glob("csv/version_*/metrics.csv"))
    return [list(csv.DictReader(file.read_text().splitlines())) for file in files]


def scalars(run: Run) -> list[str]:
    events = EventAccumulator(str(run.folder))
    events.Reload()
    return list(events.Tags()["scalars"])


@pytest.mark.parametrize("group", ["logger", "callbacks"])
def test_each_file_of_the_group_is_a_function_of_its_name_with_its_keys(group: str) -> None:
    legal: Mapping[str, Any] = {"logger": LOGGERS, "callbacks": CALLBACKS}[group]
    names = {path.stem for path in (PROJECT / "conf" / group).glob("*.yaml")} - {"none"}
    assert names == set(legal)
    for name in names:
        node = OmegaConf.load(PROJECT / "conf" / group / f"{name}.yaml")
        assert list(node) == [name]
        assert set(node[name]) | {"run"} >= set(legal[name].__annotations__) - {"return"}


def test_a_csv_table_has_the_values_of_callbacks_and_a_resumed_run_begins_another(tmp_path: Path) -> None:
    run = trained(tmp_path, "logger=csv", "callbacks=[learning_rate,gradient_norms]")
    [rows] = tables(run)
    assert {"val/acc", "lr-AdamW", "grad_2.0_norm_total"} <= set(rows[0])
    assert len([row for row in rows if row["grad_2.0_norm_total"]]) == 2  # 8 steps, every fourth
    assert not list(run.folder.glob("events*"))
    assert read_order(run.folder)
    (run.folder / "metrics.json").unlink()  # as if it had been stopped
    set_key(run, "trainer.max_epochs", 2)
    train(compose("train", [f"resume={run.folder}"]), [Order()])
    first, second = tables(run)
    assert first == rows
    assert {row["epoch"] for row in second if row["val/acc"]} == {"1"}


def test_several_loggers_log_the_same_and_the_choice_is_recorded(tmp_path: Path) -> None:
    run = trained(tmp_path, "logger=[csv,tensorboard]")
    [rows] = tables(run)
    assert {"val/acc", "train/loss"} <= set(rows[0]) & set(scalars(run))
    assert run.config.choices.logger == ["csv", "tensorboard"]
    assert read_order(run.folder)


def test_without_a_logger_a_run_keeps_its_own_files(tmp_path: Path) -> None:
    run = trained(tmp_path, "logger=none")
    assert sorted(path.name for path in run.folder.iterdir() if path.is_file()) == [
        *(
            ".lock",
            "config.yaml",
            "curve.png",
            "data.json",
            "environment.json",
            "metrics.csv",
            "metrics.json",
        ),
        "order.json",
    ]


def test_a_list_of_files_is_recorded_by_every_command_that_trains() -> None:
    for command in ("train", "sweep", "repeat", "bench"):
        assert compose(command, ["logger=[mlflow,csv]"]).choices.logger == ["mlflow", "csv"]
        assert compose(command, ["callbacks=[learning_rate]"]).choices.callbacks == ["learning_rate"]
        assert compose(command, ["logger=csv"]).choices.logger == "csv"


def test_a_logger_that_is_not_installed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.training.loggers.find_spec", lambda name: None)
    for name in ("wandb", "mlflow", "trackio"):
        with pytest.raises(UserError, match=f"logger.{name}: must be installed; give: pip install {name}"):
            trained(tmp_path, f"logger={name}")
    assert not list(tmp_path.iterdir())


# Each script reads its logger's store, in a separate process: the loggers leave threads and patches behind.
STORES = {
    "wandb": "assert list(run.glob('wandb/offline-run-*/run-*.wandb'))",
    "mlflow": """
from mlflow.tracking import MlflowClient
client = MlflowClient(f"file:{run / 'mlruns'}")
[it] = client.search_runs([client.get_experiment_by_name("convolutions").experiment_id])
assert (it.info.run_name, it.data.params["data/batch_size"]) == (run.name, "32")
assert "val/acc" in it.data.metrics
""",
    "trackio": """
from trackio.sqlite_storage import SQLiteStorage
assert run.name in SQLiteStorage.get_runs("convolutions")
assert any("val/acc" in row for row in SQLiteStorage.get_logs("convolutions", run.name))
""",
}


@pytest.mark.parametrize("name", STORES)
def test_an_optional_logger_writes_its_local_store(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    command = [sys.executable, str(PROJECT / "scripts" / "train.py"), *WORDS, f"logger={name}"]
    local = {"TRACKIO_DIR": str(tmp_path / "trackio"), "MLFLOW_ALLOW_FILE_STORE": "true"}
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | local, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [run] = (tmp_path / "runs" / "image").iterdir()
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 1
    check = f"import pathlib\nrun = pathlib.Path({str(run)!r})\n{STORES[name]}"
    done = subprocess.run(
        [sys.executable, "-c", check], env=os.environ | local, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
