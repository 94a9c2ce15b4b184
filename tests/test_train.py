"""train.py and evaluate.py as a user runs them, from any folder, and the files that they write."""

import csv
import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from tests.commands import TINY, command, epochs_of, run_folder, start


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    done = command("train", *TINY, cwd=tmp_path_factory.mktemp("elsewhere"))
    return run_folder(done), done.stdout


def test_a_run_folder_holds_the_files_of_the_readme(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    names = {path.name for path in folder.iterdir()}
    assert {"config.yaml", "metrics.json", "metrics.csv", "environment.json", "curve.png"} <= names
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {
        "best.ckpt",
        "familiarity.safetensors",
        "last.ckpt",
    }
    assert any(name.startswith("events.out.tfevents") for name in names)


def test_metrics_hold_the_training_and_its_results(trained: tuple[Path, str]) -> None:
    folder, out = trained
    metrics = json.loads((folder / "metrics.json").read_text())
    described = {
        key: metrics[key] for key in ("domain", "model", "data", "seed", "epochs", "steps", "test/n")
    }
    assert list(described.values()) == ["go", "go/policy", "go/sample", 0, 2, 16, 200]
    assert metrics["flops"] > metrics["params"] > 0
    assert metrics["samples_per_second"] > 0
    low, high = metrics["test/acc/interval"]
    assert 0 <= low <= metrics["test/acc"] <= high <= 1
    items = np.load(folder / "test_items.npz")
    assert metrics["test/acc"] == pytest.approx((items["answer"] == items["label"]).mean())
    assert metrics["test/top5"] == pytest.approx((items["label_rank"] < 5).mean())
    for name in ("baseline/uniform over legal moves", "baseline/most frequent point", "test/illegal"):
        assert name in out
        assert name in metrics
    assert 0 < metrics["test/balanced_acc"] < 1
    assert "recall: the lowest 5 of 361 classes" in out
    assert metrics["recall"]["T19"]["n"] == (items["label"] == 18).sum()
    assert "imbalanced" not in out  # points of a board
    assert "the network is not shown to be better than the baseline " in out
    assert "what to try: more epochs" in out


def test_metrics_csv_has_one_row_per_epoch(trained: tuple[Path, str]) -> None:
    with (trained[0] / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert {"train/loss", "train/acc", "val/loss", "val/acc", "val/top5", "lr", "step"} <= set(rows[0])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    def weights(folder: Path) -> torch.Tensor:
        state = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        return torch.cat([value.flatten().double() for value in state.values()])

    def folder_of(*words: str) -> Path:
        return Path(train(compose("train", [*TINY, f"runs={tmp_path}", *words]))["run"])

    again = folder_of("report=false")
    assert not [*again.glob("*.png"), *again.rglob("familiarity*")]
    assert (again / "metrics.json").is_file()
    other = folder_of("seed=1", "report=false")
    assert torch.equal(weights(again), weights(trained[0]))
    assert not torch.equal(weights(other), weights(trained[0]))


def test_evaluate_reproduces_the_metrics(trained: tuple[Path, str], tmp_path: Path) -> None:
    done = command("evaluate", f"run={trained[0]}", "output=again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"evaluation: {tmp_path / 'again'}"
    for name in ("per_class.csv", "confusion.csv", "calibration.csv", "test_items.npz"):
        assert (tmp_path / "again" / name).read_bytes() == (trained[0] / name).read_bytes()
    ours, theirs = (
        json.loads((path / "metrics.json").read_text()) for path in (tmp_path / "again", trained[0])
    )
    assert ours["run"] == str(trained[0])
    assert {name: value for name, value in theirs.items() if "test/" in name}.items() <= ours.items()
    assert ours["recall"] == theirs["recall"]
    machines = [
        json.loads((path / "environment.json").read_text()) for path in (tmp_path / "again", trained[0])
    ]
    assert machines[0].items() <= machines[1].items()
    table = trained[1].splitlines()
    rows = [line for line in table if "test/" in line or "baseline/" in line]
    assert len(rows) >= 7
    assert [line for line in rows if line not in done.stdout] == []


@pytest.mark.slow
def test_evaluate_takes_other_data_of_the_same_kind(trained: tuple[Path, str], tmp_path: Path) -> None:
    games = tmp_path / "games.sgf"
    games.write_text("".join(f"(;SZ[19];B[{a}{b}];W[cc];B[pp];W[cq])" for a in "defg" for b in "mnop"))
    words = ["data.path=games.sgf", "+data.min_moves=1", "+data.fractions={val: 0, test: 1}"]
    done = command("evaluate", f"run={trained[0]}", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "64" in next(line for line in done.stdout.splitlines() if "test/acc " in line)
    refused = command("evaluate", f"run={trained[0]}", "data.path=games.sgf", cwd=tmp_path)
    assert refused.returncode == 1
    assert "16 fewer than 20 moves" in refused.stderr


@pytest.mark.slow
def test_training_stops_early_and_takes_the_other_settings(tmp_path: Path) -> None:
    words = ["optimizer=sgd", "optimizer.lr=1e-30", "schedule=cosine", "training.patience=2"]
    more = [
        "training.label_smoothing=0.1",
        "trainer.gradient_clip_val=1.0",
        "trainer.max_epochs=9",
        "test=false",
    ]
    folder = run_folder(command("train", *TINY, *words, *more, cwd=tmp_path))
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["epochs"] == 3
    assert not [name for name in metrics if name.startswith("test/")]
    assert not (folder / "test_items.npz").exists()
    kept = {path.stem: torch.load(path, weights_only=True)["epoch"] for path in folder.glob("checkpoints/*")}
    assert kept == {"best": 0, "last": 2}  # a run resumes from its last epoch, not from its best
    (folder / "metrics.json").unlink()  # as if it had been killed at its early end
    assert run_folder(command("train", f"resume={folder}", cwd=tmp_path)) == folder
    assert json.loads((folder / "metrics.json").read_text())["epochs"] == 3


@pytest.mark.slow
def test_ctrl_c_names_the_command_to_resume_which_ends_the_run(tmp_path: Path) -> None:
    process = start("train", *TINY, "trainer.max_epochs=15", cwd=tmp_path)
    wait_for_epochs(tmp_path, 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    folder = err.rstrip().splitlines()[-1].split("resume=")[1]
    done = command("train", f"resume={folder}", cwd=tmp_path)
    assert run_folder(done) == Path(folder)
    assert json.loads(Path(folder, "metrics.json").read_text())["epochs"] == 15
    with pytest.raises(UserError, match="has ended"):
        train(compose("train", [f"resume={folder}"]))


@pytest.mark.slow
def test_several_devices_share_one_run_which_can_be_resumed(tmp_path: Path) -> None:
    """Two CPU processes take the place of two GPUs."""
    words = [*TINY, "trainer.devices=2", "trainer.strategy=ddp", "trainer.max_epochs=40"]
    process = start("train", *words, cwd=tmp_path)
    wait_for_epochs(tmp_path, 2, seconds=200)  # two starts, one after the other
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    [folder] = (tmp_path / "runs" / "go").iterdir()
    done = command("train", f"resume={folder}", cwd=tmp_path)
    assert run_folder(done) == folder
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["epochs"], metrics["steps"]) == (40, 40 * 256 // (2 * 32))
    assert metrics["test/n"] == 200
    items = np.load(folder / "test_items.npz")["item"]
    assert np.array_equal(items, np.arange(200))


def wait_for_epochs(runs: Path, epochs: int, known: int = 0, seconds: int = 60) -> None:
    """Wait until a run below a folder has written ``epochs`` rows more than the ``known`` ones."""
    for _ in range(20 * seconds):
        for path in runs.glob("runs/go/*/metrics.csv"):
            if len(path.read_text().splitlines()) > epochs + known:
                return
        time.sleep(0.05)
    raise AssertionError(f"no epoch ended within {seconds} s")


@pytest.mark.slow
def test_a_run_killed_at_random_resumes_with_the_same_weights(tmp_path: Path) -> None:
    kills, epochs = 10, 60
    words = [*TINY, f"trainer.max_epochs={epochs}", "training.ema=0.9", "model.norm=batch"]
    for name in "ab":
        (tmp_path / name).mkdir()
    whole = run_folder(command("train", *words, cwd=tmp_path / "a", OMP_NUM_THREADS="1"))
    random = np.random.default_rng(kills)
    process = start("train", *words, cwd=tmp_path / "b", OMP_NUM_THREADS="1")
    for kill in range(kills):
        wait_for_epochs(tmp_path / "b", 1)
        time.sleep(random.uniform(0, 0.5))
        assert process.poll() is None, f"ended before kill {kill}: give it more epochs"
        process.kill()
        process.communicate()
        [folder] = (tmp_path / "b" / "runs" / "go").iterdir()
        (folder / "metrics.csv").unlink()  # so that the next kill waits for an epoch of its own
        process = start("train", f"resume={folder}", cwd=tmp_path / "b", OMP_NUM_THREADS="1")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    rows = epochs_of(folder)
    assert [row["epoch"] for row in rows] == list(range(epochs))
    assert rows == epochs_of(whole)  # shows the first epoch that differs
    for name in ("best", "last"):
        ours, theirs = (
            torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True) for run in (folder, whole)
        )
        assert ours["epoch"] == theirs["epoch"], name
        for key, value in theirs["state_dict"].items():
            assert torch.equal(ours["state_dict"][key], value), (name, key)
    results = [json.loads((run / "metrics.json").read_text()) for run in (folder, whole)]
    for metrics in results:
        metrics.pop("train_seconds"), metrics.pop("cpu_seconds"), metrics.pop("samples_per_second")
    assert results[0] == results[1]
