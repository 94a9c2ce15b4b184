"""One run of a grid: what it leaves for the table, and what it does with failures."""

import json
import os
import pickle
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hydra.conf import HydraConf, JobConf, SweepDir
from omegaconf import OmegaConf
from submitit.core.submission import process_job
from submitit.core.utils import DelayedSubmission
from submitit.local.local import LocalJobEnvironment

from shared.config import stopping
from shared.config.multirun import Grid, RunError, failed, report, run_one
from shared.errors import UserError

CONFIG = OmegaConf.create({"seed": 3})


def settings(folder: Path, number: int = 0, words: tuple[str, ...] = ("seed=3",)) -> HydraConf:
    hydra = HydraConf(sweep=SweepDir(dir=str(folder)), job=JobConf(num=number))
    hydra.overrides.task = list(words)
    return OmegaConf.structured(hydra)


def failing(error: BaseException):
    def function(config: object) -> None:
        raise error

    return function


def test_the_metrics_of_a_run_are_returned_and_written(tmp_path: Path) -> None:
    metrics = run_one(lambda config: {"val/acc": 0.5, "seed": config.seed}, CONFIG, settings(tmp_path))
    assert metrics == {"val/acc": 0.5, "seed": 3}
    record = json.loads((tmp_path / "0000.json").read_text())
    assert record == {"overrides": ["seed=3"], "ended": True, "metrics": {"val/acc": "50.00 %"}}


def test_a_failure_is_one_line_and_can_be_sent_to_another_process(tmp_path: Path, capsys) -> None:
    with pytest.raises(RunError) as raised:
        run_one(failing(UserError("seed=3: too large")), CONFIG, settings(tmp_path))
    assert pickle.loads(pickle.dumps(raised.value)).args == ("seed=3: too large",)
    assert capsys.readouterr().err == "error: run 0 (seed=3): seed=3: too large\n"


def test_a_defect_shows_its_traceback(tmp_path: Path, capsys) -> None:
    with pytest.raises(RunError):
        run_one(failing(ZeroDivisionError("by zero")), CONFIG, settings(tmp_path))
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "error: run 0 (seed=3): ZeroDivisionError('by zero')" in err


def test_the_table_has_all_runs_with_the_settings_that_differ(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(Grid, "folder", tmp_path)
    words = ("domain=go", "seed=0"), ("domain=go", "seed=1"), ("domain=go", "seed=2")
    run_one(lambda config: {"val/acc": 0.25, "run": "runs/a"}, CONFIG, settings(tmp_path, 0, words[0]))
    with pytest.raises(RunError):
        run_one(failing(UserError("[red]no data")), CONFIG, settings(tmp_path, 1, words[1]))
    with pytest.raises(KeyboardInterrupt):  # or a kill: nothing more is written
        run_one(failing(KeyboardInterrupt()), CONFIG, settings(tmp_path, 2, words[2]))
    report()
    out = capsys.readouterr().out
    assert "25.00 %" in out
    assert "failed: [red]no data" in out
    assert "was stopped" in " ".join(out.replace("│", " ").split())
    assert "domain=go" not in out
    assert "1 of 3 runs ended well, 2 failed" in out


def drop(end: BaseException | None = None) -> None:
    """A warning to a child and this process, as SLURM sends it, whose SystemExit is lost in other code."""
    of_loader = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not (child := os.fork()):
        try:
            os.kill(os.getpid(), signal.SIGUSR2)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    signal.signal(signal.SIGCHLD, of_loader)
    with suppress(SystemExit):
        os.kill(os.getpid(), signal.SIGUSR2)
    if end:
        raise end


class Job:
    """What submitit runs: a run of a grid that ends in its own way after a warning."""

    def __init__(self, folder: Path, end: BaseException | None):
        self.folder, self.end = folder, end

    def __call__(self) -> object:
        return run_one(lambda config: drop(self.end), CONFIG, settings(self.folder))

    def checkpoint(self) -> DelayedSubmission:
        return DelayedSubmission(self)


@pytest.fixture
def submitit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a job as submitit does, and returns the pids of the processes that requeued it."""
    names = {"SUBMITIT_EXECUTOR": "local", "SUBMITIT_LOCAL_JOB_ID": "7", "SUBMITIT_FOLDER": str(tmp_path)}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(stopping, "_heard", [])
    by = tmp_path / "requeued"

    def requeue(self: LocalJobEnvironment, countdown: int) -> None:
        with by.open("a") as file:
            file.write(f"{os.getpid()}\n")
        os.kill(os.getpid(), signal.SIGCHLD)
        time.sleep(0.01)

    def of_loader(signum: int, frame: object) -> None:
        raise RuntimeError("DataLoader worker (pid 7) exited unexpectedly")

    monkeypatch.setattr(LocalJobEnvironment, "_requeue", requeue)
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT)}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, of_loader)

    def run(end: BaseException | None, countdown: int = 3) -> list[int]:
        submission = DelayedSubmission(Job(tmp_path, end))
        submission.set_timeout(60, countdown)
        submission.dump(tmp_path / "7_submitted.pkl")
        process_job(tmp_path)
        return [int(pid) for pid in by.read_text().split()] if by.exists() else []

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    "end", [RuntimeError("DataLoader worker (pid 7) exited"), UserError("x"), KeyboardInterrupt()]
)
def test_an_attempt_whose_job_is_requeued_leaves_no_result(
    submitit, end: BaseException, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        submitit(end)
    assert (tmp_path / "requeued").read_text() == f"{os.getpid()}\n"
    assert not list(tmp_path.glob("*_result.pkl"))
    assert json.loads((tmp_path / "0000.json").read_text()) == {"overrides": ["seed=3"]}


def test_an_attempt_that_is_not_requeued_reports_it(submitit, tmp_path: Path) -> None:
    with pytest.raises(RunError):
        submitit(None, countdown=-1)
    record = json.loads((tmp_path / "0000.json").read_text())
    assert "Job not requeued because: timed-out too many times" in record["error"]


def test_an_attempt_that_ends_well_all_the_same_leaves_its_result(submitit, tmp_path: Path) -> None:
    assert submitit(None) == [os.getpid()]
    assert list(tmp_path.glob("*_result.pkl"))


def test_a_grid_has_failed_where_a_run_has_not_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grid, "folder", tmp_path)
    with pytest.raises(RunError):  # which a launcher may hand on though the job was requeued
        run_one(failing(UserError("x")), CONFIG, settings(tmp_path))
    assert failed()
    run_one(lambda config: {}, CONFIG, settings(tmp_path))
    assert not failed()
