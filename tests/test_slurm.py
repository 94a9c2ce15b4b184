"""Trainings under a real SLURM: grids, several tasks, warnings, requeueing and preemption.

Tried with SLURM 22.05.8 (Debian 12), one node; skipped where slurm-wlm and munge are not installed.
"""

import json
import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from shared.commands.train import train
from shared.config.cli import compose
from tests import slurm
from tests.commands import PROJECT, TINY, epochs_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(bool(slurm.missing()), reason=f"SLURM cannot be started: needs {slurm.missing()}"),
]

LONG = [*TINY, "trainer.max_epochs=40", "data.workers=1", "test=false"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Slurm]:
    cluster = slurm.Slurm(tmp_path_factory.mktemp("slurm") / "daemons")
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without interruption."""
    return Path(train(compose("train", [*LONG, f"runs={tmp_path_factory.mktemp('whole')}"]))["run"])


class Batch:
    """A job with these lines as its script, in a folder of its own."""

    def __init__(self, cluster: slurm.Slurm, folder: Path, *lines: str, options: str = ""):
        self.cluster, self.folder = cluster, folder
        folder.mkdir(exist_ok=True)
        (folder / "job.sh").write_text("\n".join(["#!/bin/sh", f"cd {shlex.quote(str(folder))}", *lines, ""]))
        words = ["sbatch", "--parsable", "--requeue", "--open-mode=append", *options.split()]
        self.number = cluster.output(*words, f"--output={folder}/out", str(folder / "job.sh")).strip()
        assert self.number.isdigit(), self.number

    @property
    def out(self) -> str:
        file = self.folder / "out"
        return file.read_text() if file.exists() else ""

    def show(self, key: str) -> str:
        match = re.search(rf"\b{key}=(\S+)", self.cluster.output("scontrol", "show", "job", self.number))
        return match[1] if match else ""

    def wait_for_epochs(self, epochs: int) -> None:
        """Wait until the run has written ``epochs`` rows."""
        self._wait(lambda: any(len(epochs_of(file.parent)) >= epochs for file in self.rows()))

    def rows(self) -> list[Path]:
        return list(self.folder.glob("runs/*/*/metrics.csv"))

    def wait_for_requeue(self) -> None:
        """Until it has begun again, which SLURM would put off for two minutes."""

        def begun() -> bool:
            if not self.cluster.output("squeue", "-h", "-t", "completing", "-j", self.number).strip():
                self.cluster.output("scontrol", "update", f"JobId={self.number}", "StartTime=now")
            return self.show("Restarts") == "1" and self.show("JobState") == "RUNNING"

        self._wait(begun)

    def end(self) -> str:
        """Wait for its end; its state and exit code."""
        self._wait(lambda: self.show("JobState") in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"))
        return f"{self.show('JobState')} {self.show('ExitCode')}"

    def _wait(self, true, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.cluster.output("scontrol", "show", "job") + self.out
            time.sleep(0.3)


def training(*words: str) -> str:
    return shlex.join([sys.executable, str(PROJECT / "scripts" / "train.py"), *words])


def check_resumed(batch: Batch, whole: Path) -> None:
    """The job has one run folder, with the bits of a run without interruption."""
    assert batch.end() == "COMPLETED 0:0", batch.out
    [run] = batch.folder.glob("runs/go/*")
    assert epochs_of(run) == epochs_of(whole)
    ours, theirs = (
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for folder in (run, whole)
    )
    assert all(torch.equal(ours[key], value) for key, value in theirs.items())
    assert not list(batch.folder.rglob("hpc_ckpt*"))
    assert "Traceback" not in batch.out


@pytest.mark.parametrize("start", ["srun ", "exec "])
def test_a_warned_job_is_requeued_and_resumes_its_run(
    start: str, cluster: slurm.Slurm, whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my job"
    batch = Batch(cluster, folder, start + training(*LONG))
    batch.wait_for_epochs(2)
    to = ["--batch"] if start == "exec " else []
    assert cluster.output("scancel", "--signal=USR1", *to, batch.number) == ""
    batch.wait_for_requeue()
    assert f"SLURM job {batch.number} is requeued" in batch.out
    assert "epochs are saved; resume with: " in batch.out
    check_resumed(batch, whole)


def test_a_requeued_job_resumes_its_run_and_skips_finished_ones(
    cluster: slurm.Slurm, whole: Path, tmp_path: Path
) -> None:
    other = training(*TINY, "test=false", "seed=3", "runs=others", "trainer.max_epochs=1")
    batch = Batch(cluster, tmp_path, other, f"srun {training(*LONG)}")
    batch.wait_for_epochs(2)
    cluster.output("scontrol", "requeue", batch.number)
    batch.wait_for_requeue()
    check_resumed(batch, whole)
    assert len(list(tmp_path.glob("others/go/*"))) == 1
    assert batch.out.count("this job trained it before it was requeued") == 1


def test_a_preempted_job_resumes_its_run(cluster: slurm.Slurm, whole: Path, tmp_path: Path) -> None:
    batch = Batch(cluster, tmp_path / "low", f"srun {training(*LONG)}", options="-p low -c4")
    batch.wait_for_epochs(2)
    urgent = Batch(cluster, tmp_path / "high", "sleep 2", options="-p high -c4")
    assert urgent.end() == "COMPLETED 0:0"
    batch.wait_for_requeue()
    assert "epochs are saved; resume with: " in batch.out
    check_resumed(batch, whole)


def test_a_job_s_checkpoint_never_starts_another_training(cluster: slurm.Slurm, tmp_path: Path) -> None:
    """Neither a checkpoint in the current folder nor one of the job's other runs is loaded."""
    torch.save({"epoch": 4, "global_step": 9, "state_dict": {}}, tmp_path / "hpc_ckpt_1.ckpt")
    words = [*TINY, "data.workers=0"]
    run = "ls -d runs/go/* | head -1"
    evaluation = shlex.join([sys.executable, str(PROJECT / "scripts" / "evaluate.py")])
    lines = [f"srun {training(*words, f'seed={seed}')}" for seed in (0, 0, 1)]
    batch = Batch(cluster, tmp_path, "set -e", *lines, f"srun {evaluation} run=$({run})")
    assert batch.end() == "COMPLETED 0:0", batch.out
    runs = list(tmp_path.glob("runs/go/*"))
    assert len(runs) == 3
    assert all([row["epoch"] for row in epochs_of(run)] == [0, 1] for run in runs)
    assert [path.name for path in tmp_path.glob("hpc_ckpt*")] == ["hpc_ckpt_1.ckpt"]


def test_the_tasks_of_srun_train_one_run(cluster: slurm.Slurm, tmp_path: Path) -> None:
    words = [*TINY, "data.workers=1", "trainer=ddp", "trainer.devices=2"]
    batch = Batch(
        cluster, tmp_path, f"srun {training(*words)}", options="--ntasks-per-node=2 --nodes=1 --ntasks=2"
    )
    assert batch.end() == "COMPLETED 0:0", batch.out
    [run] = tmp_path.glob("runs/go/*")
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["steps"], metrics["test/n"]) == (2 * 256 // (2 * 32), 200)
    assert json.loads((run / "environment.json").read_text())["processes"] == 2
    assert batch.out.count("run: ") == 1


def test_the_tasks_of_srun_resume_one_run(cluster: slurm.Slurm, tmp_path: Path) -> None:
    words = [*LONG, "trainer=ddp", "trainer.devices=2"]
    batch = Batch(
        cluster, tmp_path, f"srun {training(*words)}", options="--ntasks-per-node=2 --nodes=1 --ntasks=2"
    )
    batch.wait_for_epochs(2)
    cluster.output("scancel", "--signal=USR1", batch.number)
    batch.wait_for_requeue()
    assert batch.end() == "COMPLETED 0:0", batch.out
    [run] = tmp_path.glob("runs/go/*")
    assert [row["epoch"] for row in epochs_of(run)] == list(range(40))
    assert batch.out.count("resume with: ") == 1
    assert "Traceback" not in batch.out


def test_a_grid_of_submitit_trains_each_run_once_also_when_a_job_is_requeued(
    cluster: slurm.Slurm, whole: Path, tmp_path: Path
) -> None:
    words = [*LONG, "hydra/launcher=submitit_slurm", "hydra.launcher.partition=low", "seed=0,1"]
    import subprocess

    grid = subprocess.Popen(
        [*shlex.split(training("-m", *words)), "hydra.launcher.max_num_timeout=3"],
        cwd=tmp_path, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while not (rows := list(tmp_path.glob("runs/go/*/metrics.csv"))):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    number = cluster.output("squeue", "-h", "-o", "%i").split()
    [folder] = {file.parent for file in rows[:1]}
    job = json.loads((folder / "job.json").read_text())["job"]
    cluster.output("scancel", "--signal=USR2", job)
    while grid.poll() is None:
        assert time.monotonic() < deadline + 240, number
        cluster.output("scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(1)
    out, err = grid.communicate()
    assert grid.returncode == 0, out + err
    assert "2 of 2 runs ended well, 0 failed" in out
    runs = list(tmp_path.glob("runs/go/*"))
    assert len(runs) == 2
    assert sum(epochs_of(run) == epochs_of(whole) for run in runs) == 1
