"""Training with several processes: every item once, the same metrics, one run folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf

from shared.commands.train import _check_processes, train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.setup import build_trainer
from tests.commands import PROJECT, command, epochs_of, run_folder, start

TINY = [
    "domain=image",
    "data.epoch_size=256",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
]
TWO = [*TINY, "data.batch_size=16", "trainer=ddp", "trainer.devices=2"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one process, with batches as large as those of two processes together."""
    runs = tmp_path_factory.mktemp("alone")
    return Path(train(compose("train", [*TINY, "data.batch_size=32", f"runs={runs}"]))["run"])


def equal_to(alone: Path, run: Path) -> None:
    [folder] = run.parent.iterdir()  # the other process has created none
    assert folder == run
    for ours, theirs in zip(epochs_of(run), epochs_of(alone), strict=True):
        assert ours == pytest.approx(theirs, abs=2e-4)
    ours, theirs = (json.loads((folder / "metrics.json").read_text()) for folder in (run, alone))
    assert ours["steps"] == theirs["steps"] == 16
    assert ours["test/n"] == theirs["test/n"] > 300
    assert ours["test/acc"] == pytest.approx(theirs["test/acc"], abs=0.01)
    assert json.loads((run / "environment.json").read_text())["processes"] == 2
    items = np.load(run / "test_items.npz")["item"]
    assert np.array_equal(np.sort(items), np.arange(theirs["test/n"]))
    weights, others = (
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for folder in (run, alone)
    )
    assert all(torch.allclose(weights[key], others[key], atol=1e-4) for key in weights)


@pytest.mark.slow
def test_two_processes_train_like_one_with_doubled_batches(alone: Path, tmp_path: Path) -> None:
    done = command("train", *TWO, cwd=tmp_path)
    assert "2 processes" in done.stdout
    assert done.stdout.count("run: ") == 1
    equal_to(alone, run_folder(done))


@pytest.mark.slow
def test_torchrun_starts_the_processes(alone: Path, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [*torchrun, str(PROJECT / "scripts" / "train.py"), *TWO],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    equal_to(alone, run_folder(done))


@pytest.mark.slow
def test_slurm_s_tasks_on_two_nodes_find_each_other(alone: Path, tmp_path: Path) -> None:
    """Two processes on one machine, with the environment that ``srun`` sets on two machines."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    slurm = {"JOB_ID": "7", "JOB_NAME": "train", "NTASKS": "2", "NNODES": "2", "NTASKS_PER_NODE": "1"}
    slurm |= {"LOCALID": "0", "NODELIST": "127.0.0.1"}
    tasks = [
        start(
            "train", *TWO, "trainer.devices=1", "trainer.num_nodes=2", cwd=tmp_path, MASTER_ADDR="127.0.0.1",
            MASTER_PORT=port, SLURM_PROCID=rank, SLURM_NODEID=rank,
            **{f"SLURM_{key}": value for key, value in slurm.items()},
        )
        for rank in "01"
    ]  # fmt: skip
    (out, err), (other, other_err) = (task.communicate(timeout=300) for task in tasks)
    assert tasks[0].returncode == 0, err
    assert tasks[1].returncode == 0, other_err
    assert other == ""
    equal_to(alone, Path(out.rstrip().splitlines()[-1].removeprefix("run: ")))


def test_several_processes_in_a_grid_are_refused(tmp_path: Path, monkeypatch) -> None:
    config = compose("train", TWO)
    trainer = build_trainer(config, Run(tmp_path), [])
    _check_processes(trainer)  # no grid
    monkeypatch.setattr(HydraConfig, "initialized", lambda: True)
    monkeypatch.setattr(HydraConfig, "get", lambda: OmegaConf.create({"mode": RunMode.MULTIRUN}))
    with pytest.raises(UserError, match=r"trainer\.devices=2: in a grid \(-m\) a run is one process"):
        _check_processes(trainer)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["started", "first"])
def test_other_processes_end_in_one_line_if_one_is_killed(victim: str, tmp_path: Path) -> None:
    process = start("train", *TWO, "trainer.max_epochs=500", cwd=tmp_path)
    deadline = time.monotonic() + 200
    while not list(tmp_path.glob("runs/image/*/metrics.csv")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    [other] = [pid for pid in map(int, children) if b"train.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(other if victim == "started" else process.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=30)  # both have closed standard error: neither hangs
    assert process.returncode == (1 if victim == "started" else -signal.SIGKILL)
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert lines[0].startswith("error: another process of this training ended")
    assert ("saved; resume with: " in lines[0]) == (victim == "started")
