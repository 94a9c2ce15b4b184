"""Processes side by side: what fails is told, and takes nothing else with it."""

import os
import signal
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from shared.compare.workers import FACTS, LOG, Job, Workers
from shared.errors import UserError
from shared.run import write_json


def fails(config: DictConfig, folder: Path) -> None:
    """A user's mistake, a defect, a kill or a success: as the configuration says."""
    print("said by the job")  # noqa: T201
    if config.kind == "mistake":
        raise UserError("data.path=x: no such file")
    if config.kind == "defect":
        raise ZeroDivisionError("of ours\nin two lines")
    if config.kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    write_json(folder / FACTS, {"process": os.getpid()})


def job(kind: str, home: Path) -> Job:
    return Job(fails, OmegaConf.create({"kind": kind}), home / kind)


def test_a_job_that_fails_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    kinds = ["mistake", "defect", "killed", "fine"]
    jobs = {kind: job(kind, tmp_path) for kind in kinds}
    with Workers(1) as workers:
        assert {each.folder.name for each in workers.run(jobs.values())} == set(kinds)
        assert jobs["mistake"].failure == "data.path=x: no such file"
        assert jobs["defect"].failure == "ZeroDivisionError: of ours"
        assert "killed" in (jobs["killed"].failure or "")
        assert [kind for kind in kinds if jobs[kind].done] == ["fine"]
        log = (tmp_path / "defect" / LOG).read_text()
        assert "said by the job" in log
        assert "Traceback" in log

        again = Job(fails, OmegaConf.create({"kind": "fine"}), jobs["mistake"].folder)
        list(workers.run([again]))
        assert again.done
        assert again.failure is None
