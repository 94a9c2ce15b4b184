"""The scheduler's job that trains a run, so that the job, requeued, resumes its own run and no other."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from shared.files import write_json
from shared.runs.run import Run

FILE = "job.json"  # in the run's folder


def job_of(config: DictConfig) -> dict[str, str] | None:
    """What names this training within its job, the same when the job is requeued; None outside a scheduler.

    A requeued SLURM job, a task of an array too, keeps its number, and the n-th ``srun`` of its script stays
    step n. A job of submitit on this machine is named by its folder in the grid's. A job may train several
    configurations, and the same one in several folders.
    """
    names = {"cluster": "SLURM_CLUSTER_NAME", "job": "SLURM_JOB_ID", "step": "SLURM_STEP_ID"}
    if _of_local_submitit():
        names = {"folder": "SUBMITIT_FOLDER", "job": "SUBMITIT_LOCAL_JOB_ID"}
    elif "SLURM_JOB_ID" not in os.environ:
        return None
    return {key: os.environ.get(name, "") for key, name in names.items()} | {
        "config": hashlib.sha256(OmegaConf.to_yaml(config, resolve=True).encode()).hexdigest(),
        "started_in": str(Path.cwd()),
    }


def note_job(run: Run, config: DictConfig) -> None:
    """Keep in the folder of a new run which job trains it."""
    if job := job_of(config):
        write_json(run.folder / FILE, dict(job))


def run_of_job(config: DictConfig) -> Run | None:
    """The run that this job made of this configuration before it was requeued; None if it made none.

    All processes of a job find the same run: they look for one only in a requeued job, and find the oldest.
    So where a script trains one configuration twice, both resume the first run.
    """
    requeued = int(os.environ.get("SLURM_RESTART_COUNT") or 0) > 0 or _of_local_submitit()
    job = job_of(config)
    if job is None or not requeued:
        return None
    folder = Path(config.runs).absolute() / config.domain.name
    for file in sorted(folder.glob(f"*/{FILE}")):
        with suppress(OSError, ValueError, RecursionError):  # of a run that is being moved, or was damaged
            if json.loads(file.read_text()) == job:
                return Run(file.parent)
    return None


def _of_local_submitit() -> bool:
    """Submitit counts no restarts of its jobs here; a folder of theirs is made for one job alone."""
    return os.environ.get("SUBMITIT_EXECUTOR") == "local"
