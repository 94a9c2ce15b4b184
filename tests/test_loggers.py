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
from pytorch_lightning.loggers import Logger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from shared.commands.train import train
from shared.compare.item_order import Order, read_order
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.loggers import CALLBACKS, LOGGERS, TensorBoard, _forgiving
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


def test_configuration_test_metrics_and_pictures_arrive(tmp_path: Path) -> None:
    run = trained(tmp_path, "logger=[csv,tensorboard]", "test=true")
    metrics = json.loads((run.folder / "metrics.json").read_text())
    events = EventAccumulator(str(run.folder))
    events.Reload()
    assert events.Tags()["images"] == ["calibration", "confusion", "curve"]
    assert events.Images("curve")[0].width > 500
    for name in ("test/acc", "test/ece", "test/balanced_acc", "baseline/most frequent class"):
        [value] = events.Scalars(name)
        assert (value.value, value.step) == (pytest.approx(metrics[name]), 8)
    assert not [name for name in events.Tags()["scalars"] if name.endswith("/n")]
    [shown] = events.Tensors("configuration/text_summary")
    assert b"batch_size: 32" in shown.tensor_proto.string_val[0]
    [rows] = tables(run)
    assert [float(row["test/acc"]) for row in rows if row["test/acc"]] == [pytest.approx(metrics["test/acc"])]
    [settings] = run.folder.glob("csv/version_0/hparams.yaml")
    assert OmegaConf.load(settings).data.batch_size == 32


def test_a_logger_that_fails_at_the_end_is_reported_and_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: Any, *_: Any) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(TensorBoard, "log_pictures", fail)
    run = trained(tmp_path, "logger=[tensorboard,csv]")
    assert run.metrics["epochs"] == 1
    assert [path.name for path in run.folder.glob("csv/*")] == ["version_0"]
    err = capsys.readouterr().err
    assert err.count("logger: TensorBoard has failed: no route; the training goes on without it") == 1


def test_a_tracker_that_fails_within_a_training_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Lost(Logger):
        name, version, calls = "lost", "0", 0

        def log_hyperparams(self, *_: Any, **__: Any) -> None:
            pass

        @_forgiving
        def log_metrics(self, metrics: Any, step: int | None = None) -> None:
            self.calls += 1
            raise TimeoutError

    lost = Lost()
    monkeypatch.setitem(LOGGERS, "csv", lambda run: lost)
    run = trained(tmp_path, "logger=csv")
    assert run.metrics["epochs"] == lost.calls == 1
    assert "logger: Lost has failed: TimeoutError" in capsys.readouterr().err


def test_a_logger_that_cannot_be_used_at_the_start_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, *_: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(TensorBoard, "log_hyperparams", fail)
    with pytest.raises(UserError, match="logger: TensorBoard cannot be used: no route"):
        trained(tmp_path, "logger=tensorboard")


# Each script reads its logger's store, in a separate process: the loggers leave threads and patches behind.
STORES = {
    "wandb": """
[file] = run.glob("wandb/offline-run-*/run-*.wandb")
text = file.read_bytes()
for words in (b"batch_size", b"val/acc", b"test/acc", b"calibration"):
    assert words in text, words
assert str(run.parents[2]).encode() not in text  # a path of this machine
assert len(list(run.glob("wandb/offline-run-*/files/media/images/*.png"))) == 3
assert not list(run.glob("wandb/offline-run-*/files/*.txt")), "requirements"
""",
    "mlflow": """
from mlflow.tracking import MlflowClient
client = MlflowClient(f"file:{run / 'mlruns'}")
[it] = client.search_runs([client.get_experiment_by_name("convolutions").experiment_id])
assert (it.info.run_name, it.data.params["data/batch_size"]) == (run.name, "32")
assert {"val/acc", "test/acc", "baseline/most frequent class"} <= set(it.data.metrics)
assert it.info.status == "FINISHED"
assert sorted(file.path for file in client.list_artifacts(it.info.run_id)) == [
    "calibration.png", "confusion.png", "curve.png"
]
""",
    "trackio": """
from trackio.sqlite_storage import SQLiteStorage
assert run.name in SQLiteStorage.get_runs("convolutions")
rows = SQLiteStorage.get_logs("convolutions", run.name)
for name in ("val/acc", "test/acc", "curve"):
    assert any(name in row for row in rows), name
assert SQLiteStorage.get_run_config("convolutions", run.name)["data"]["batch_size"] == 32
""",
}


@pytest.mark.parametrize("name", STORES)
def test_an_optional_logger_writes_its_local_store(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    command = [sys.executable, str(PROJECT / "scripts" / "train.py"), *WORDS, f"logger={name}", "test=true"]
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
