"""Processes side by side: failed jobs are reported, the others continue."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from shared.compare.jobs import LOG, Job, do
from shared.config.stopping import Stopped, heard
from shared.errors import UserError
from shared.files.atomic import write, write_json
from tests.commands import PROJECT

RESULT = "result.json"


def fails(config: DictConfig, folder: Path) -> None:
    """A user's mistake, a defect, a kill, no end or a success: as the configuration says."""
    print("said by the job")  # noqa: T201
    if config.kind == "mistake":
        raise UserError("data.path=x: no such file")
    if config.kind == "defect":
        raise ZeroDivisionError("of ours\nin two lines")
    if config.kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.kind == "endless":
        write(folder / "pid", str(os.getpid()))
        time.sleep(600)
    write_json(folder / RESULT, {"process": os.getpid()})


def job(kind: str, home: Path) -> Job:
    return Job(fails, lambda: OmegaConf.create({"kind": kind}), home / kind)


def test_a_failed_job_reports_the_reason_and_the_others_continue(tmp_path: Path) -> None:
    kinds = ["mistake", "defect", "killed", "fine"]
    jobs = {kind: job(kind, tmp_path) for kind in kinds}
    assert {done.folder.name for done in do(jobs.values, 1)} == set(kinds)
    assert jobs["mistake"].failure == "data.path=x: no such file"
    assert jobs["defect"].failure == "ZeroDivisionError: of ours"
    assert "killed" in (jobs["killed"].failure or "")
    assert [kind for kind in kinds if (jobs[kind].folder / RESULT).is_file()] == ["fine"]
    log = (tmp_path / "defect" / LOG).read_text()
    assert "said by the job" in log
    assert "Traceback" in log

    again = Job(fails, lambda: OmegaConf.create({"kind": "fine"}), jobs["mistake"].folder)
    list(do(lambda: [again], 2))
    assert (again.folder / RESULT).is_file()
    assert again.failure is None


STARTS = """
import sys
from pathlib import Path
from tests.shared.compare.test_jobs import job
from shared.compare.jobs import do

if __name__ == "__main__":
    list(do(lambda: [job("endless", Path(sys.argv[1]))], 1))
"""


@pytest.mark.slow
def test_no_process_outlives_the_one_it_works_for(tmp_path: Path) -> None:
    (tmp_path / "starts.py").write_text(STARTS)
    process = subprocess.Popen(
        [sys.executable, "starts.py", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    named = tmp_path / "endless" / "pid"
    for _ in range(1200):
        if named.is_file():
            break
        time.sleep(0.1)
    worker = int(named.read_text())
    os.kill(worker, 0)  # it is there
    process.kill()
    process.wait()
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists():
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker went on alone")


def test_a_stop_ends_the_processes_at_once_and_is_no_failure(tmp_path: Path) -> None:
    endless, pids = job("endless", tmp_path), []

    def stop() -> None:
        while not (endless.folder / "pid").is_file():
            time.sleep(0.05)
        pids.append(int((endless.folder / "pid").read_text()))
        for pid in (*pids, os.getpid()):  # as SLURM sends it to all processes; the first decides
            os.kill(pid, signal.SIGTERM)

    with ThreadPoolExecutor(1) as other, heard():
        other.submit(stop)
        with pytest.raises(Stopped), closing(do(lambda: [endless], 2)) as jobs:
            list(jobs)
    assert not Path(f"/proc/{pids[0]}").exists()
    assert endless.failure is None
